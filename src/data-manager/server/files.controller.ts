import {
  Delete,
  Get,
  Head,
  Headers,
  Inject,
  Optional,
  Param,
  Post,
  Req,
  Res,
  type StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import { randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { ErrorFilter } from '../../http/error.filter.js';
import { DomainError } from '../../kernel/errors.js';
import { fileId, noSuchFile } from '../file-id.js';
import { LocalFileStore } from '../local/local-file-store.js';
import { DeletedFileDto, FileDto, FileInfoDto } from './file.dto.js';
import { type ResponseHead, sendFile, sendHead } from './file-download.js';
import { ApiDeleteFile, ApiDownload, ApiFileInfo, ApiUpload } from './files.api.js';
import { receiveUpload } from './multipart-upload.js';
import { idOfKey, storeUpload } from './store-upload.js';

/** Express hands out the request itself, Fastify one that holds it. */
type HostRequest = IncomingMessage | { readonly raw: IncomingMessage };

/**
 * The embedded data manager's HTTP API. Mounted by `routedAt`, below one prefix or several.
 *
 * Needs a host that leaves the body of `POST …/files` unread.
 */
@ApiTags('files')
@UseFilters(ErrorFilter)
export class FilesController {
  constructor(
    @Optional() @Inject(LocalFileStore) private readonly local: LocalFileStore | null,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  @Post('files')
  @ApiUpload()
  async upload(
    @Req() request: HostRequest,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<FileDto> {
    const store = this.store();
    const id = key === undefined ? randomUUID() : idOfKey(key);
    const upload = await receiveUpload('raw' in request ? request.raw : request, store);
    return new FileDto(await storeUpload(store, id, upload));
  }

  // Before the GET of the same path: a host would else answer HEAD by reading the file and dropping it.
  @Head('files/:id/data')
  @ApiExcludeEndpoint()
  async head(
    @Param('id') id: string,
    @Headers() headers: IncomingHttpHeaders,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<void> {
    sendHead(await this.store().info(id), headers, this.headOf(response));
  }

  @Get('files/:id/data')
  @ApiDownload()
  download(
    @Param('id') id: string,
    @Headers() headers: IncomingHttpHeaders,
    @Res({ passthrough: true }) response: unknown,
  ): Promise<StreamableFile | undefined> {
    return sendFile(this.store(), id, headers, this.headOf(response));
  }

  @Get('files/:id/info')
  @ApiFileInfo()
  async info(@Param('id') id: string): Promise<FileInfoDto> {
    return new FileInfoDto(await this.store().info(id));
  }

  @Delete('files/:id')
  @ApiDeleteFile()
  async remove(@Param('id') id: string): Promise<DeletedFileDto> {
    const validId = fileId(id);
    if (!(await this.store().removeIfPresent(validId))) throw noSuchFile(validId);
    return new DeletedFileDto(validId);
  }

  private store(): LocalFileStore {
    if (this.local !== null) return this.local;
    throw new DomainError(
      'not_found',
      'This server keeps no files itself: ask the data manager that it uses',
    );
  }

  private headOf(response: unknown): ResponseHead {
    const { httpAdapter } = this.adapterHost;
    return {
      status: (code) => {
        httpAdapter.status(response, code);
      },
      header: (name, value) => {
        httpAdapter.setHeader(response, name, value);
      },
    };
  }
}

import {
  Delete,
  Get,
  Head,
  Headers,
  Inject,
  Optional,
  Param,
  Post,
  Put,
  Req,
  Res,
  type StreamableFile,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { ApiExcludeEndpoint, ApiTags } from '@nestjs/swagger';
import { randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { RequestBody } from '../../http/decoded-request.js';
import { ErrorFilter } from '../../http/error.filter.js';
import { type HostRequest, rawRequest } from '../../http/host/unread-body.js';
import { RateLimitGuard } from '../../http/rate-limit.js';
import { DomainError } from '../../kernel/errors.js';
import { type FileCaller } from '../file-callers.port.js';
import { noSuchFile } from '../file-id.js';
import { LocalFileStore } from '../local/local-file-store.js';
import { ENDLESS_ROOM } from '../local/quota.js';
import { changeable, readable } from './caller-files.js';
import { aclIn } from './file-acl.js';
import { CurrentFileCaller, FileCallerGuard } from './file-caller.guard.js';
import { DeletedFileDto, FileAclDto, FileDto, FileInfoDto } from './file.dto.js';
import { type ResponseHead, sendFile, sendHead } from './file-download.js';
import { ApiDeleteFile, ApiDownload, ApiFileInfo, ApiShareFile, ApiUpload } from './files.api.js';
import { receiveUpload } from './multipart-upload.js';
import { idOfKey, storeUpload } from './store-upload.js';

/**
 * The embedded data manager's HTTP API. Mounted by `routedAt`, below one prefix or several.
 */
@ApiTags('files')
@UseGuards(FileCallerGuard, RateLimitGuard)
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
    @CurrentFileCaller() caller: FileCaller,
  ): Promise<FileDto> {
    const store = this.store();
    const id = key === undefined ? randomUUID() : idOfKey(key);
    const owner = caller.ownerOfNew(id);
    const room = caller.hasQuota ? store.roomFor(id, owner) : ENDLESS_ROOM;
    const upload = await receiveUpload(rawRequest(request), {
      stage: (content) => store.stage(content, room),
      discard: (staged) => store.discard(staged),
    });
    const ttl = caller.storesResults ? undefined : store.uploadTtl;
    return new FileDto(await storeUpload(store, { id, owner, ttl }, upload));
  }

  // Before the GET of the same path: a host would else answer HEAD by reading the file and dropping it.
  @Head('files/:id/data')
  @ApiExcludeEndpoint()
  async head(
    @Param('id') id: string,
    @Headers() headers: IncomingHttpHeaders,
    @Res({ passthrough: true }) response: unknown,
    @CurrentFileCaller() caller: FileCaller,
  ): Promise<void> {
    sendHead(await readable(this.store(), id, caller), headers, this.headOf(response));
  }

  @Get('files/:id/data')
  @ApiDownload()
  async download(
    @Param('id') id: string,
    @Headers() headers: IncomingHttpHeaders,
    @Res({ passthrough: true }) response: unknown,
    @CurrentFileCaller() caller: FileCaller,
  ): Promise<StreamableFile | undefined> {
    const store = this.store();
    return sendFile(store, await readable(store, id, caller), headers, this.headOf(response));
  }

  @Get('files/:id/info')
  @ApiFileInfo()
  async info(@Param('id') id: string, @CurrentFileCaller() caller: FileCaller): Promise<FileInfoDto> {
    return new FileInfoDto(await readable(this.store(), id, caller));
  }

  @Put('files/:id/acl')
  @ApiShareFile()
  async share(
    @Param('id') id: string,
    @RequestBody() body: object,
    @CurrentFileCaller() caller: FileCaller,
  ): Promise<FileAclDto> {
    const store = this.store();
    const file = await changeable(store, id, caller);
    const acl = aclIn(body);
    await store.share(file.id, acl);
    return new FileAclDto(file.id, acl);
  }

  @Delete('files/:id')
  @ApiDeleteFile()
  async remove(@Param('id') id: string, @CurrentFileCaller() caller: FileCaller): Promise<DeletedFileDto> {
    const store = this.store();
    const file = await changeable(store, id, caller);
    if (!(await store.removeIfPresent(file.id))) throw noSuchFile(file.id);
    return new DeletedFileDto(file.id);
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

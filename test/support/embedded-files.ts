import { expect } from '@jest/globals';
import { Test } from '@nestjs/testing';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { join } from 'node:path';
import { DataManagerModule, FileStore, type LocalFileStore } from '../../src/data-manager/index.js';
import { ServerAdapter } from '../../src/http/fastify/server-adapter.js';
import { type Answer, JobClient } from './client.js';
import { atEndOfFile } from './end-of-file.js';
import { eventually } from './eventually.js';
import { multipart } from './multipart.js';
import { OpenFilesModule } from './open-files.module.js';
import { filesBelow } from './stored-files.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The built-in data manager on a real socket, in this process. */
export class EmbeddedFiles {
  readonly client: JobClient;

  constructor(
    /** Without a slash at the end. */
    readonly url: string,
    readonly directory: string,
    readonly store: LocalFileStore,
  ) {
    this.client = new JobClient(url);
  }

  upload(...parts: string[]): Promise<Answer> {
    return this.client.call('POST', '/files', multipart(...parts));
  }

  async stored(...parts: string[]): Promise<{ id: string; name: string }> {
    return (await this.upload(...parts)).body as { id: string; name: string };
  }

  /** Runs something that must leave the disk as it was. */
  async leavesNothing(work: () => Promise<void>): Promise<void> {
    const before = await filesBelow(this.directory);
    await work();
    await eventually(async () => {
      expect((await filesBelow(this.directory)).sort()).toEqual(before.sort());
    });
  }
}

/**
 * Serves a directory of its own at the root, `/v1` and `/deep/base`; closed at the end of the test file.
 * @param silenceMs after which a connection is given up; absent: as the server has it
 */
export async function serveFiles({ silenceMs }: { silenceMs?: number } = {}): Promise<EmbeddedFiles> {
  const directory = join(await temporaryDirectory(), 'files');
  const files = DataManagerModule.registerAsync({
    imports: [OpenFilesModule],
    useFactory: () => ({ directory }),
    serveAt: ['', 'v1', 'deep/base'],
  });
  const module = await Test.createTestingModule({
    imports: [files],
  }).compile();
  const adapter = new ServerAdapter({ maxBodyBytes: 1024 * 1024 });
  const app = module.createNestApplication<NestFastifyApplication>(adapter, {
    bodyParser: false,
    logger: false,
    forceCloseConnections: true,
  });
  await app.listen(0, '127.0.0.1');
  if (silenceMs !== undefined) app.getHttpServer().setTimeout(silenceMs);
  atEndOfFile(() => app.close());
  return new EmbeddedFiles(await app.getUrl(), directory, app.get(FileStore));
}

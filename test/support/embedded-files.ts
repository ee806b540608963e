import { Test } from '@nestjs/testing';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { join } from 'node:path';
import { DataManagerModule, FileStore, type LocalFileStore } from '../../src/data-manager/index.js';
import { ServerAdapter } from '../../src/http/fastify/server-adapter.js';
import { OpenFilesModule } from './open-files.module.js';
import { atEndOfFile } from './end-of-file.js';
import { temporaryDirectory } from './temporary-directory.js';

/** The built-in data manager on a real socket, in this process. */
export interface EmbeddedFiles {
  /** Without a slash at the end. */
  readonly url: string;
  readonly directory: string;
  readonly store: LocalFileStore;
}

/** Serves a directory of its own at the root, `/v1` and `/deep/base`; closed at the end of the test file. */
export async function serveFiles(): Promise<EmbeddedFiles> {
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
  atEndOfFile(() => app.close());
  return { url: await app.getUrl(), directory, store: app.get(FileStore) };
}

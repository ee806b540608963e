import { type INestApplication, Module, type ModuleMetadata } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll } from '@jest/globals';
import { ErrorFilter } from '../../src/http/error.filter.js';
import { ServerAdapter } from '../../src/http/fastify/server-adapter.js';

@Module({})
class TestModule {}

/** The HTTP side of the standalone server around parts of the test's own, for all tests of the `describe`. */
export function useHttpServer(parts: ModuleMetadata, options = { maxBodyBytes: 10_000 }): () => string {
  let app: INestApplication | undefined;
  let url = '';
  beforeAll(async () => {
    app = await NestFactory.create({ module: TestModule, ...parts }, new ServerAdapter(options), {
      bodyParser: false,
      logger: false,
    });
    app.useGlobalFilters(new ErrorFilter(app.get(HttpAdapterHost)));
    await app.listen(0, '127.0.0.1');
    const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(() => app?.close());
  return () => url;
}

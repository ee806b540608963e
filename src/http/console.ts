import fastifyStatic from '@fastify/static';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Beside `dist` and `src`, as it is: a browser reads what people wrote. */
const FILES = join(import.meta.dirname, '..', '..', 'console');
const SERVED = /\.(css|js)$/;

/** Serves the console at `/console/`. Call it before `listen`. */
export function setupConsole(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance();
  const page = readFileSync(join(FILES, 'index.html'), 'utf8');
  void instance.register(fastifyStatic, {
    root: FILES,
    prefix: '/console/',
    index: false,
    decorateReply: false,
    allowedPath: (path) => SERVED.test(path),
  });
  // Both with and without a slash at the end, which its files are relative to.
  instance.get('/console', ({ url }, reply) =>
    // Relative: a proxy may have put us below a path of its own.
    /^\/console(\?|$)/.test(url)
      ? reply.redirect('console/')
      : reply.type('text/html; charset=utf-8').send(page),
  );
}

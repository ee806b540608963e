/**
 * A host backend around the built package, with all the habits that a host may have: on Fastify where `HOST_PLATFORM` says so. What the
 * environment says as the standalone server reads it becomes options, and is spoilt, since nobody may read it any more.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { hostModule, withHabits } from './host.js';

/** What was built; where nothing is yet, its source says as much of its types. */
const BUILT = new URL('../../../dist/index.js', import.meta.url).href;
/** @type {unknown} */
const built = await import(BUILT);
const { JobManagerModule } = /** @type {typeof import('../../../src/index.js')} */ (built);

const { HOST_PLATFORM: platform, ...env } = process.env;
const settings = Object.entries(env).filter(([name]) => name !== 'PATH' && name !== 'PORT');

/** @param {string} name */
function optionOf(name) {
  return name
    .toLowerCase()
    .replaceAll(/_([a-z])/g, (_, /** @type {string} */ letter) => letter.toUpperCase());
}

const options = Object.fromEntries(settings.map(([name, value]) => [optionOf(name), value]));
for (const [name] of [...settings, ['AUTH'], ['REDIS_URL'], ['SANDBOX']]) process.env[name] = 'nonsense';

const app = await NestFactory.create(
  hostModule(JobManagerModule.forRoot({ prefix: 'job', ...options })),
  platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
  { logger: ['error', 'warn'] },
);
withHabits(app);
await app.listen(0, '127.0.0.1');
process.stdout.write(`${JSON.stringify({ url: await app.getUrl() })}\n`);
process.on('SIGTERM', () => void app.close());

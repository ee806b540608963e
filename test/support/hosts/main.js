/**
 * A host backend around the built package, with all the habits that a host may have: on Fastify where `HOST_PLATFORM` says so. What the
 * environment says as the standalone server reads it becomes options, and is spoilt, since nobody may read it any more.
 */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { JobManagerModule } from '../../../dist/index.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { hostModule, withHabits } from './host.js';

const { PATH: _path, PORT: _port, HOST_PLATFORM: platform, ...settings } = process.env;

/** @param {string} name */
function optionOf(name) {
  return name.toLowerCase().replaceAll(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}

const options = Object.fromEntries(Object.entries(settings).map(([name, value]) => [optionOf(name), value]));
for (const name of [...Object.keys(settings), 'AUTH', 'REDIS_URL', 'SANDBOX']) process.env[name] = 'nonsense';

const app = await NestFactory.create(
  hostModule(JobManagerModule.forRoot({ prefix: 'job', ...options })),
  platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter(),
  { logger: ['error', 'warn'] },
);
withHabits(app);
await app.listen(0, '127.0.0.1');
process.stdout.write(`${JSON.stringify({ url: await app.getUrl() })}\n`);
process.on('SIGTERM', () => void app.close());

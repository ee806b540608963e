/**
 * The yardstick: Nest on Fastify with our reading and decoding of bodies, which answers with what it was sent. It checks
 * nothing, stores nothing and logs nothing. Prints its address.
 */
import 'reflect-metadata';
import { Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';

const DIST = new URL('../../dist/', import.meta.url);

// What was built, with the types of what it was built from.
/** @type {typeof import('../../src/http/fastify/body-parsing.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { readBodiesAsBytes } = await import(new URL('http/fastify/body-parsing.js', DIST).href);
/** @type {typeof import('../../src/http/decoded-request.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { RequestBody } = await import(new URL('http/decoded-request.js', DIST).href);

const MAX_BODY_BYTES = 1_048_576;

class Echo {
  /** @param {object} body */
  run(body) {
    return body;
  }
}
// Plain JavaScript has no decorators: these are called.
const method = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Echo.prototype, 'run'));
Post('run')(Echo.prototype, 'run', method);
HttpCode(201)(Echo.prototype, 'run', method);
RequestBody()(Echo.prototype, 'run', 0);
Controller()(Echo);

// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- decorated below
class EchoModule {}
Module({ controllers: [Echo] })(EchoModule);

const adapter = new FastifyAdapter();
readBodiesAsBytes(adapter.getInstance(), MAX_BODY_BYTES);
const app = await NestFactory.create(EchoModule, adapter, { bodyParser: false, logger: false });
await app.listen(0, '127.0.0.1');
console.log(JSON.stringify({ url: await app.getUrl() }));
// It ends with whoever started it, however that ends.
process.stdin.resume();
await Promise.race([once(process, 'SIGTERM'), once(process.stdin, 'end')]);
process.stdin.destroy();
await app.close();

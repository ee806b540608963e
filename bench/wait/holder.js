/** The yardstick: Nest on Fastify, whose one route answers nobody before its process ends. Prints its address. */
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

class Holder {
  /** @returns {Promise<object>} */
  hold() {
    return new Promise(() => undefined);
  }
}
// Plain JavaScript has no decorators: these are called.
const method = /** @type {PropertyDescriptor} */ (Object.getOwnPropertyDescriptor(Holder.prototype, 'hold'));
Get('held')(Holder.prototype, 'hold', method);
Controller()(Holder);

// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- decorated below
class HolderModule {}
Module({ controllers: [Holder] })(HolderModule);

const app = await NestFactory.create(HolderModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());

import 'reflect-metadata';
import {
  BadRequestException,
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  Module,
  Post,
  ValidationPipe,
  VersioningType,
} from '@nestjs/common';
import { IsString } from 'class-validator';

/**
 * Decorates where there is no syntax for it.
 * @param {{ prototype: object }} target
 * @param {string} method
 * @param {MethodDecorator[]} decorators
 */
function decorate(target, method, ...decorators) {
  const { prototype } = target;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method);
  if (descriptor === undefined) throw new TypeError(`no ${method}`);
  for (const decorator of decorators) decorator(prototype, method, descriptor);
}

class OrderDto {
  /** @type {string} */
  item = '';
}
IsString()(OrderDto.prototype, 'item');

/** The host's own routes. */
class OrdersController {
  /** @param {OrderDto} order */
  create(order) {
    return { ordered: order.item, isDto: order instanceof OrderDto };
  }

  list() {
    return [];
  }

  refuse() {
    throw new BadRequestException('no');
  }
}
decorate(OrdersController, 'create', Post());
decorate(OrdersController, 'list', Get());
decorate(OrdersController, 'refuse', Get('refused'));
Body()(OrdersController.prototype, 'create', 0);
Reflect.defineMetadata('design:paramtypes', [OrderDto], OrdersController.prototype, 'create');
Controller('orders')(OrdersController);

/** The host's own shape of errors. */
class HostFilter {
  /**
   * @param {HttpException} exception
   * @param {import('@nestjs/common').ArgumentsHost} host
   */
  catch(exception, host) {
    /** @type {{ status(code: number): { send(body: object): void } }} */
    const response = host.switchToHttp().getResponse();
    response.status(exception.getStatus()).send({ hostSays: exception.message });
  }
}
Catch(HttpException)(HostFilter);

class HostModule {
  description = 'a backend that takes orders';
}
Module({})(HostModule);

/**
 * @param {import('@nestjs/common').DynamicModule[]} guests
 * @returns {import('@nestjs/common').DynamicModule}
 */
export function hostModule(...guests) {
  return { module: HostModule, imports: guests, controllers: [OrdersController] };
}

/** @param {import('@nestjs/common').INestApplication} app */
export function withHabits(app) {
  app.setGlobalPrefix('api');
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
  app.useGlobalPipes(
    new ValidationPipe({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      validateCustomDecorators: true,
    }),
  );
  app.useGlobalFilters(new HostFilter());
}

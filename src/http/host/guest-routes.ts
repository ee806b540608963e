import { type OnModuleInit } from '@nestjs/common';
import { type AbstractHttpAdapter, type HttpAdapterHost } from '@nestjs/core';
import { answerUnderExpress, passExpressParsers } from './express-host.js';
import { passFastifyParsers } from './fastify-host.js';
import { type OwnRoutes } from './own-routes.js';

/** Set on an adapter that was made for our routes, and needs nothing of what is here. */
export const MADE_FOR_US = Symbol('MadeForUs');

export interface GuestOptions {
  readonly routes: OwnRoutes;
  /** Above it a body is answered 413; uploads have no limit. */
  readonly maxBodyBytes: number;
}

/**
 * Keeps our routes to the contract in a host's application, whose own routes don't notice: our bodies pass by its parsers,
 * and what its router refuses on our paths is told in our shape.
 */
export class GuestRoutes implements OnModuleInit {
  private adapter: AbstractHttpAdapter | undefined;

  constructor(
    adapterHost: HttpAdapterHost,
    private readonly options: GuestOptions,
  ) {
    // The adapter is there when the module is made, or comes later (a testing module), but always before the parsers.
    adapterHost.init$.subscribe(() => {
      this.enter(adapterHost.httpAdapter);
    });
  }

  /** All routes are there by now, and Nest's own last answers are not. */
  onModuleInit(): void {
    if (this.adapter?.getType() === 'express') answerUnderExpress(this.adapter, this.options.routes);
  }

  /** @param adapter null where the host is no server */
  private enter(adapter: AbstractHttpAdapter | null): void {
    if (adapter === null || MADE_FOR_US in adapter) return;
    this.adapter = adapter;
    if (adapter.getType() === 'express') passExpressParsers(adapter, this.options);
    else if (adapter.getType() === 'fastify') passFastifyParsers(adapter, this.options);
  }
}

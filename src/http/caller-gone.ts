import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Socket } from 'node:net';
import { type HostRequest, rawRequest } from './host/unread-body.js';

/** Under another name: a host's pipes would make an `AbortSignal` anew from what its parameter holds. */
export type Departure = AbortSignal;

/** One for all requests of a connection, of which a caller may send many without waiting for answers. */
const SIGNALS = new WeakMap<Socket, AbortSignal>();

/** Parameter: aborts when the caller's connection is closed: nobody is there any more to be answered. */
export const CallerGone = createParamDecorator((_data: unknown, context: ExecutionContext): Departure =>
  departureOf(context.switchToHttp().getRequest<HostRequest>()),
);

/** As {@link CallerGone}. */
export function departureOf(request: HostRequest): Departure {
  const { socket } = rawRequest(request);
  const known = SIGNALS.get(socket);
  if (known !== undefined) return known;
  const gone = new AbortController();
  if (socket.destroyed) gone.abort();
  socket.once('close', () => {
    gone.abort();
  });
  SIGNALS.set(socket, gone.signal);
  return gone.signal;
}

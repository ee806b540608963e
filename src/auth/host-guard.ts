import { type CanActivate, type ExecutionContext, type Type } from '@nestjs/common';
import { from, isObservable, lastValueFrom } from 'rxjs';
import { DomainError } from '../kernel/errors.js';
import {
  ANONYMOUS,
  Authenticator,
  type Caller,
  isUserName,
  type RequestHeaders,
  USER_NAME_IN_WORDS,
} from './auth.port.js';

/** What every host's request has; its own type may be declared instead. */
export interface HostCall {
  readonly headers: RequestHeaders;
  /** As a guard of the host has set it. */
  readonly user?: unknown;
}

/** Tells who sent a request of the host's framework; undefined: nobody that is known, which is a 401. */
export type CallerOf = {
  of(request: HostCall): Partial<Caller> | undefined | Promise<Partial<Caller> | undefined>;
}['of'];

/**
 * A host's own guard in the place of ours: a class that Nest makes, an instance, or a function. A guard of Nest's kind
 * sets `request.caller` to `{user, role}`, or `request.user` to somebody with a `user`, an `id` or a `sub` (and a
 * `role`); one that sets neither lets pass, and all who pass are one and the same user.
 */
export type HostGuard = Type<CanActivate> | CanActivate | CallerOf;

export function isGuardClass(guard: HostGuard): guard is Type<CanActivate> {
  const { prototype } = guard as { readonly prototype?: Partial<CanActivate> };
  return typeof guard === 'function' && typeof prototype?.canActivate === 'function';
}

/** Knows callers by the host's guard. */
export class HostCallers extends Authenticator {
  constructor(private readonly guard: CanActivate | CallerOf) {
    super();
  }

  async identify(_headers: RequestHeaders, context: ExecutionContext): Promise<Caller> {
    const request = context.switchToHttp().getRequest<HostCall & { readonly caller?: unknown }>();
    if (typeof this.guard === 'function') return callerIn(await this.guard(request)) ?? unknownCaller();
    const answer = this.guard.canActivate(context);
    const mayPass = await lastValueFrom(isObservable(answer) ? answer : from(Promise.resolve(answer)));
    if (!mayPass) throw new DomainError('forbidden', 'You may not do this here.');
    return callerIn(request.caller ?? request.user) ?? ANONYMOUS;
  }
}

function unknownCaller(): never {
  throw new DomainError('unauthenticated', 'It is not known who calls: send what this backend asks for.');
}

/** Whom a guard has told of; undefined: of nobody. Throws an `Error` that is for the host, and not for the caller. */
function callerIn(told: unknown): Caller | undefined {
  if (told === undefined || told === null) return undefined;
  const { user, id, sub, role } = (typeof told === 'object' ? told : { user: told }) as Named;
  return { user: nameOf(user ?? id ?? sub), role: role === 'admin' ? 'admin' : 'user' };
}

type Named = Readonly<Partial<Record<'user' | 'id' | 'sub' | 'role', unknown>>>;

function nameOf(given: unknown): string {
  const name = typeof given === 'number' ? String(given) : given;
  if (isUserName(name)) return name;
  throw new Error(`the guard names no user: it must be ${USER_NAME_IN_WORDS}`);
}

import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { type IdentifiedRequest } from '../../auth/caller.guard.js';

/** Parameter: who calls, as a guard has noted it on the request. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<IdentifiedRequest>();
  if (caller === undefined) throw new Error('no guard has looked at who calls');
  return caller;
});

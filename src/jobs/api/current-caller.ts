import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ANONYMOUS, type Caller } from '../../auth/auth.port.js';

/** Parameter: who calls, as a guard has noted it on the request; without a guard, everybody is anonymous. */
export const CurrentCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<{ readonly caller?: Caller }>();
  return caller ?? ANONYMOUS;
});

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Authenticator, type Caller, type RequestHeaders } from './auth.port.js';

/** A request on which a guard has noted who calls. */
export interface IdentifiedRequest {
  readonly headers: RequestHeaders;
  caller?: Caller;
}

/** Lets those pass whom the {@link Authenticator} knows, and notes on the request who calls. */
@Injectable()
export class CallerGuard implements CanActivate {
  constructor(private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<IdentifiedRequest>();
    request.caller = await this.authenticator.identify(request.headers, context);
    return true;
  }
}

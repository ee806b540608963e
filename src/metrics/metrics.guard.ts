import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Authenticator, type RequestHeaders } from '../auth/auth.port.js';
import { DomainError } from '../kernel/errors.js';

/** Token: whether anybody may read the metrics, as there is nobody in particular. */
export const METRICS_ARE_OPEN = Symbol('METRICS_ARE_OPEN');

/** Lets admins pass; where nobody says who he is, all. */
@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(
    private readonly authenticator: Authenticator,
    @Inject(METRICS_ARE_OPEN) private readonly areOpen: boolean,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.areOpen) return true;
    const { headers } = context.switchToHttp().getRequest<{ readonly headers: RequestHeaders }>();
    const { role } = await this.authenticator.identify(headers, context);
    if (role !== 'admin') throw new DomainError('forbidden', 'Metrics are for admins.');
    return true;
  }
}

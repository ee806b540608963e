import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { type RequestHeaders } from '../../auth/auth.port.js';
import { bearerIn, digestOf, isSecret } from '../../auth/credentials.js';
import { DomainError } from '../../kernel/errors.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';

/**
 * Lets agents of other processes pass, where there are such: whoever shows the token, or anybody where there is none.
 * Throws DomainError unauthenticated or not_found.
 */
@Injectable()
export class AgentTokenGuard implements CanActivate {
  private readonly expected: Buffer | undefined;
  private readonly isOpen: boolean;

  constructor(@Inject(JOBS_OPTIONS) { isShared, agentToken }: JobsOptions) {
    this.isOpen = isShared;
    this.expected = agentToken === undefined ? undefined : digestOf(agentToken);
  }

  canActivate(context: ExecutionContext): boolean {
    if (!this.isOpen) {
      throw new DomainError('not_found', 'This server has no agents of other processes: set its REDIS_URL.');
    }
    if (this.expected === undefined) return true;
    const { headers } = context.switchToHttp().getRequest<{ readonly headers: RequestHeaders }>();
    const shown = bearerIn(headers);
    if (shown !== undefined && isSecret(shown, this.expected)) return true;
    throw new DomainError(
      'unauthenticated',
      'This is for agents: send the AGENT_TOKEN of this server as "Authorization: Bearer TOKEN".',
    );
  }
}

import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
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
    const { headers } = context
      .switchToHttp()
      .getRequest<{ readonly headers: Readonly<Record<string, string | undefined>> }>();
    const [, shown] = /^Bearer +(.+)$/i.exec(headers['authorization'] ?? '') ?? [];
    // Digests are of one length, and tell nothing by the time that comparing them takes.
    if (shown !== undefined && timingSafeEqual(digestOf(shown), this.expected)) return true;
    throw new DomainError(
      'unauthenticated',
      'This is for agents: send the AGENT_TOKEN of this server as "Authorization: Bearer TOKEN".',
    );
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { DomainError } from '../kernel/errors.js';

const MINUTE_SECONDS = 60;

/** A request on which a guard before this one has noted who calls. */
interface CountedRequest {
  readonly ip?: string | undefined;
  /** `user`: undefined for an agent, whom nobody counts. */
  readonly caller?: { readonly user?: string | undefined } | undefined;
}

/** Counts what each caller asks for within a minute; not by `@nestjs/throttler` (`docs/decisions/0017-callers.md`). */
export class RateLimit {
  private readonly limiter: RateLimiterMemory | undefined;

  /**
   * @param perMinute requests of one caller; 0: as many as they like
   * @param byAddress whether callers are told apart by their addresses alone
   */
  constructor(
    private readonly perMinute: number,
    private readonly byAddress: boolean,
  ) {
    if (perMinute === 0) return;
    this.limiter = new RateLimiterMemory({ points: perMinute, duration: MINUTE_SECONDS });
  }

  /** Throws `DomainError('too_many_requests')`. */
  async count({ ip, caller }: CountedRequest): Promise<void> {
    const who = this.byAddress ? ip : caller?.user;
    if (this.limiter === undefined || who === undefined) return;
    try {
      await this.limiter.consume(who);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const message = `You may send ${this.perMinute} requests a minute, and have sent more. Wait.`;
      throw new DomainError('too_many_requests', message, error.msBeforeNext / 1_000);
    }
  }
}

/** Lets those pass who have not asked for too much lately. */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(private readonly limit: RateLimit) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.limit.count(context.switchToHttp().getRequest<CountedRequest>());
    return true;
  }
}

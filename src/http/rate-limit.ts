import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { type RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
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
  /** @param limiter undefined: as many as they like */
  private constructor(
    private readonly limiter: RateLimiterMemory | undefined,
    private readonly byAddress: boolean,
  ) {}

  /**
   * @param perMinute requests of one caller; 0: as many as they like
   * @param byAddress whether callers are told apart by their addresses alone
   */
  static async of(perMinute: number, byAddress: boolean): Promise<RateLimit> {
    if (perMinute === 0) return new RateLimit(undefined, byAddress);
    const { RateLimiterMemory } = await import('rate-limiter-flexible');
    const limiter = new RateLimiterMemory({ points: perMinute, duration: MINUTE_SECONDS });
    return new RateLimit(limiter, byAddress);
  }

  /** Throws `DomainError('too_many_requests')`. */
  async count({ ip, caller }: CountedRequest): Promise<void> {
    const who = this.byAddress ? ip : caller?.user;
    if (this.limiter === undefined || who === undefined) return;
    try {
      await this.limiter.consume(who);
    } catch (error) {
      if (error instanceof Error) throw error;
      const message = `You may send ${this.limiter.points} requests a minute, and have sent more. Wait.`;
      // What is no error says that it was too much.
      const { msBeforeNext } = error as RateLimiterRes;
      throw new DomainError('too_many_requests', message, msBeforeNext / 1_000);
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

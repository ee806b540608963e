import { Injectable } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { DomainError } from '../../kernel/errors.js';
import { type RunRequest } from '../job.types.js';
import { Submission } from '../submission.js';
import { fingerprintOf } from './fingerprint.js';
import { KeyRetention } from './key-retention.js';
import { type RequestKey } from './request-key.query.js';
import { RequestKeys } from './request-keys.repository.js';

/**
 * Accepts each request that has a key once, however often it comes, and to whichever server: the key is stored with the job
 * (`docs/decisions/0020-idempotency-key.md`).
 */
@Injectable()
export class IdempotentSubmission {
  /** First of their key in this process. */
  private readonly underWay = new Map<string, Promise<string>>();

  constructor(
    private readonly submission: Submission,
    private readonly keys: RequestKeys,
    private readonly retention: KeyRetention,
  ) {}

  /**
   * Resolves with the id of a job that the database holds; with a key that of the first one under it, even if it is gone.
   * Throws `invalid_request` where that was started by another request.
   */
  async accept(request: RunRequest, caller: Caller, key?: string): Promise<string> {
    if (key === undefined) return this.submission.accept(request, caller);
    const name = JSON.stringify([caller.user, key]);
    const first = this.underWay.get(name);
    // Else a hundred at once would ask for the places of a hundred jobs, and most be refused.
    if (first !== undefined) await first.catch(() => undefined);
    const requestKey = { owner: caller.user, key, fingerprint: fingerprintOf(request) };
    const accepted = this.acceptOnce(requestKey, request, caller);
    if (!this.underWay.has(name)) {
      this.underWay.set(name, accepted);
      void accepted.catch(() => undefined).finally(() => this.underWay.delete(name));
    }
    return accepted;
  }

  private async acceptOnce(key: RequestKey, request: RunRequest, caller: Caller): Promise<string> {
    const known = await this.firstJobOf(key);
    if (known !== undefined) return known;
    const accepted = await this.submission.acceptUnder(key, request, caller);
    const first = accepted ?? (await this.firstJobOf(key));
    if (first === undefined) throw new Error('a key was forgotten in the moment in which it was taken');
    return first;
  }

  private async firstJobOf(key: RequestKey): Promise<string | undefined> {
    const use = await this.keys.find(key);
    if (use === undefined) return undefined;
    if (this.retention.isOver(use.jobId)) {
      await this.keys.forget([use.jobId]);
      return undefined;
    }
    if (use.fingerprint === key.fingerprint) return use.jobId;
    throw new DomainError(
      'invalid_request',
      'This Idempotency-Key was used for another request. Send that one again, or choose a new key.',
    );
  }
}

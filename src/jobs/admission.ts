import { Inject, Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { type Caller } from '../auth/auth.port.js';
import { mayRead } from '../data-manager/file-access.js';
import { FileStore } from '../data-manager/file-store.js';
import { labelSetText } from '../kernel/agent-labels.js';
import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/errors.js';
import { OrderedIds } from '../kernel/ids.js';
import { type JobRow, type JobSpec } from './job.entity.js';
import { PRIORITY_RANGE, RETRIES_RANGE, type RunRequest } from './job.types.js';
import { LimitPolicy } from './limit-policy.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { currentTraceParent } from '../tracing/trace-parent.js';
import { leadsOutside } from './webhooks/public-address.js';

const FILE_CHECKS_AT_ONCE = 16;
const FILE_CHECK_MS = 3_000;
/** The latest time that a `Date` can say, in milliseconds since the epoch (ECMA-262, 21.4.1.1). */
const LAST_INSTANT = 8_640_000_000_000_000n;

/** Turns a validated request into the row of a new job. */
@Injectable()
export class Admission {
  private readonly ids = new OrderedIds();

  constructor(
    private readonly files: FileStore,
    private readonly clock: Clock,
    private readonly limits: LimitPolicy,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** The request with what it is held to by default. Throws `DomainError('invalid_request')` for what it can't have. */
  settle(asked: RunRequest): Promise<RunRequest> {
    return this.limits.settle(asked);
  }

  /** Throws `DomainError('invalid_request')` for a file or a webhook that it can't have. */
  async check(request: RunRequest, caller: Caller): Promise<void> {
    const { binary, inputFiles, webhook } = request;
    if (binary === undefined && inputFiles === undefined && webhook === undefined) return;
    await Promise.all([this.checkFiles(request, caller), this.checkWebhook(request)]);
  }

  /**
   * Throws `DomainError('invalid_request')` naming a file that the data manager does not hold, or that the caller may not
   * read. If it can't be asked in time the job is admitted: its staging will ask again.
   */
  private async checkFiles(request: RunRequest, caller: Caller): Promise<void> {
    const ids = filesOf(request);
    if (ids.size === 0) return;
    const limit = pLimit(FILE_CHECKS_AT_ONCE);
    const signal = AbortSignal.timeout(FILE_CHECK_MS);
    const missing = await Promise.all([...ids].map((id) => limit(() => this.isMissing(id, caller, signal))));
    const unknown = [...ids].filter((_, index) => missing[index]);
    if (unknown.length > 0) {
      throw new DomainError(
        'invalid_request',
        `The data manager holds no file ${unknown.join(', ')}: upload it first.`,
      );
    }
  }

  /** Throws `DomainError('invalid_request')` for a webhook that leads to where callers must not reach through this service. */
  private async checkWebhook({ webhook }: RunRequest): Promise<void> {
    if (webhook === undefined || this.options.webhooks.allowPrivate) return;
    if (await leadsOutside(new URL(webhook))) return;
    const message =
      'webhook must lead to a public address; loopback, private and link-local ones are refused by this server.';
    throw new DomainError('invalid_request', message);
  }

  /** @param request with its defaults */
  rowFor(request: RunRequest, caller: Caller): JobRow {
    const { id, milliseconds } = this.ids.next(this.clock.now());
    const ttl = request.ttl ?? this.options.defaultTtl;
    // Column by column: a spread of that many properties takes longer than all the rest.
    return {
      id,
      state: 'queued',
      owner: caller.user,
      name: request.name ?? null,
      command: request.command,
      spec: specOf(request, caller),
      needsStaging: filesOf(request).size > 0 ? 1 : 0,
      requires: labelSetText(request.requires ?? []),
      labels: request.labels ?? null,
      ttl: ttl?.toString() ?? null,
      queueRank: -(request.priority ?? PRIORITY_RANGE.default) + 0,
      retriesLeft: request.retries ?? RETRIES_RANGE.default,
      attempt: 0,
      leaseToken: null,
      leaseUntil: null,
      agent: null,
      notBefore: null,
      answerId: null,
      stderrId: null,
      outputs: null,
      usage: null,
      exitCode: null,
      signal: null,
      reason: null,
      createdAt: milliseconds,
      pastAttempts: null,
      claimedAt: null,
      startedAt: null,
      finishedAt: null,
      expiresAt: expiryOf(milliseconds, ttl),
      goneAt: null,
      cleanupAt: null,
      lateFilesUntil: null,
    };
  }

  /** Nobody learns of a file that it may not read whether it is there. */
  private async isMissing(id: string, { role, user }: Caller, signal: AbortSignal): Promise<boolean> {
    try {
      const file = await this.files.info(id, signal);
      return role !== 'admin' && !mayRead(file, user);
    } catch (error) {
      if (error instanceof DomainError) return error.code === 'not_found';
      if (signal.aborted) return false;
      throw error;
    }
  }
}

function filesOf({ binary, inputFiles = [] }: RunRequest): Set<string> {
  return new Set(binary === undefined ? inputFiles : [binary, ...inputFiles]);
}

/** What a job is as it was asked for. */
const ASKED = [
  'binary',
  'inputFiles',
  'outputFiles',
  'env',
  'timeout',
  'retries',
  'retryOnFailure',
  'limits',
] as const satisfies readonly (keyof RunRequest & keyof JobSpec)[];

function specOf(request: RunRequest, { role }: Caller): JobSpec {
  const spec: { -readonly [Name in keyof JobSpec]: JobSpec[Name] } = {};
  for (const name of ASKED) {
    const value = request[name];
    if (value !== undefined) Object.assign(spec, { [name]: value });
  }
  if (request.webhook !== undefined) spec.hasWebhook = true;
  const traceParent = currentTraceParent();
  if (traceParent !== undefined) spec.traceParent = traceParent;
  if (role === 'admin') spec.byAdmin = true;
  return spec;
}

/** Exact for every ttl; null where it lies beyond all calendars. */
function expiryOf(createdAt: number, ttl: bigint | undefined): number | null {
  if (ttl === undefined) return null;
  const at = BigInt(createdAt) + ttl * 1_000n;
  return at > LAST_INSTANT ? null : Number(at);
}

import { Inject, Injectable } from '@nestjs/common';
import { type JobLimits, LIMIT_WORDS, type LimitName, toBeEnforced } from '../execution/limits.port.js';
import { DomainError } from '../kernel/errors.js';
import { AgentDirectory } from './agents/agent-directory.js';
import { type RunRequest } from './job.types.js';
import { type Allowance, JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';

const CHOSEN_BY_JOBS = ['cpuSeconds', 'memoryBytes', 'pids', 'diskBytes'] as const satisfies LimitName[];

/** What jobs may use: as they ask for, by default, and at the most. */
@Injectable()
export class LimitPolicy {
  constructor(
    private readonly agents: AgentDirectory,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /**
   * The request with all that it is held to.
   * Throws `DomainError('invalid_request')` for more than is allowed, and for what an agent that might get it can't enforce.
   */
  async settle(request: RunRequest): Promise<RunRequest> {
    const { allowances } = this.options;
    if (request.limits === undefined && allowances === undefined) return request;
    const seconds = settled('timeout', request.timeout, allowances?.timeout);
    const limits = this.limitsOf(request);
    const enforced = toBeEnforced(limits);
    if (enforced.length > 0) await this.refuseUnenforced(enforced, request.requires ?? []);
    return {
      ...request,
      ...(seconds !== undefined && { timeout: seconds }),
      ...(Object.keys(limits).length > 0 && { limits }),
    };
  }

  private limitsOf({ limits = {} }: RunRequest): JobLimits {
    const { allowances = {} } = this.options;
    const chosen = CHOSEN_BY_JOBS.map((name): [LimitName, number | undefined] => {
      const word = `limits.${LIMIT_WORDS[name]}`;
      return [name, settled(word, limits[name], allowances[name])];
    });
    const { network } = limits;
    const all: [LimitName, number | boolean | undefined][] = [
      ...chosen,
      ['openFiles', allowances.openFiles?.most],
      ['network', network],
    ];
    return Object.fromEntries(all.filter(([, value]) => value !== undefined));
  }

  private async refuseUnenforced(limits: readonly LimitName[], requires: readonly string[]): Promise<void> {
    const lacking = await this.agents.notEnforced(limits, requires);
    if (lacking.length === 0) return;
    const words = lacking.map((name) => `limits.${LIMIT_WORDS[name]}`).join(', ');
    throw new DomainError(
      'invalid_request',
      `${words} can't be enforced on the host of an agent that might run the job: leave it out, or require a label that only agents have which can.`,
    );
  }
}

/** Where only a maximum is set, it holds for whoever asks for nothing. */
function settled(
  name: string,
  asked: number | undefined,
  { usual, most }: Allowance = {},
): number | undefined {
  if (asked !== undefined && most !== undefined && asked > most)
    throw new DomainError('invalid_request', `${name} must be at most ${most} on this server.`);
  return asked ?? usual ?? most;
}

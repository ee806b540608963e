import { Injectable, type Type } from '@nestjs/common';
import { ContractPipe } from '../../http/contract.pipe.js';
import { type JobFilter, type RunRequest } from '../job.types.js';
import { JobIdDto } from './job-id.dto.js';
import { jobFilterOf, ListJobsDto } from './list-jobs.dto.js';
import { RunJobDto, runRequestOf } from './run-job.dto.js';

/** As code of a host writes it: a time to live may be a number as well. */
export type HostRunRequest = Omit<RunRequest, 'ttl'> & { readonly ttl?: bigint | number };

/**
 * Requests of a host's code, held to what those on the wire are held to, unknown names included. What is wrong is told in the
 * names of the wire.
 */
@Injectable()
export class ContractRequests {
  private readonly pipe = new ContractPipe();

  /** Throws `DomainError('invalid_request')`, as do the others. */
  async toRun({ limits, ...request }: HostRunRequest): Promise<RunRequest> {
    const fields = limits === undefined ? request : { ...request, limits: namedAsOnWire(limits) };
    return runRequestOf(await this.validated(RunJobDto, namedAsOnWire(fields)));
  }

  async toList({ states, labels, ...filter }: Partial<JobFilter>): Promise<JobFilter> {
    const fields = namedAsOnWire({
      ...filter,
      state: states,
      label: labels?.map(({ key, value }) => `${key}=${value}`),
      createdAfter: isoOf(filter.createdAfter),
      createdBefore: isoOf(filter.createdBefore),
    });
    return jobFilterOf(await this.validated(ListJobsDto, fields));
  }

  async toJobId(jobId: string): Promise<string> {
    return (await this.validated(JobIdDto, { job_id: jobId })).job_id;
  }

  private async validated<T extends object>(dto: Type<T>, fields: object): Promise<T> {
    return (await this.pipe.transform(fields, { type: 'custom', metatype: dto })) as T;
  }
}

function namedAsOnWire(fields: object): Record<string, unknown> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const wireName = (name: string): string =>
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(given.map(([name, value]) => [wireName(name), value as unknown]));
}

/** What is no instant is left to the rules, which say so. */
function isoOf(instant: number | undefined): string | undefined {
  if (instant === undefined) return undefined;
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? String(instant) : date.toISOString();
}

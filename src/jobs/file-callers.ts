import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Authenticator, type Caller, isUserName, USER_NAME_IN_WORDS } from '../auth/auth.port.js';
import { bearerIn, digestOf, isSecret } from '../auth/credentials.js';
import { mayRead, type OwnedFile } from '../data-manager/file-access.js';
import { type FileCaller, FileCallers, type FileRequestHeaders } from '../data-manager/file-callers.port.js';
import { LEASE_HEADER, leaseIn, OWNER_HEADER, ownerIn } from '../data-manager/file-errand.js';
import { attemptFileId, MAX_OUTPUTS } from '../execution/attempt-files.port.js';
import { DomainError } from '../kernel/errors.js';
import { type JobRow } from './job.entity.js';
import { JOBS_OPTIONS, type JobsOptions } from './jobs.options.js';
import { JobsRepository } from './jobs.repository.js';

/** Users see their own files and what is shared with them, admins all, agents those of the attempts that they hold. */
@Injectable()
export class JobFileCallers extends FileCallers {
  private readonly agentToken: Buffer | undefined;

  constructor(
    private readonly authenticator: Authenticator,
    private readonly jobs: JobsRepository,
    @Inject(JOBS_OPTIONS) { agentToken }: JobsOptions,
  ) {
    super();
    this.agentToken = agentToken === undefined ? undefined : digestOf(agentToken);
  }

  async identify(headers: FileRequestHeaders, context: ExecutionContext): Promise<FileCaller> {
    const shown = bearerIn(headers);
    const isAgent = shown !== undefined && this.agentToken !== undefined && isSecret(shown, this.agentToken);
    if (isAgent) return this.agentWith(headers[LEASE_HEADER]);
    const caller = await this.authenticator.identify(headers, context);
    if (caller.role !== 'admin') return new User(caller);
    const owner = ownerIn(headers[OWNER_HEADER]);
    if (owner !== undefined && !isUserName(owner))
      throw new DomainError(
        'invalid_request',
        `${OWNER_HEADER} must be ${USER_NAME_IN_WORDS}, in percent-encoding.`,
      );
    return new Admin(caller, leaseIn(headers[LEASE_HEADER]) !== undefined, owner);
  }

  private async agentWith(header: string | string[] | undefined): Promise<FileCaller> {
    const lease = leaseIn(header);
    const row = lease === undefined ? null : await this.jobs.find(lease.jobId);
    const isHeld = row !== null && row.leaseToken === lease?.token && row.attempt === lease.attempt;
    if (isHeld) return new AgentOnAttempt(row);
    const message =
      'An agent sees the files of the attempts that it holds, and this is none of them (any more).';
    throw new DomainError('forbidden', message);
  }
}

class User implements FileCaller {
  readonly user: string;
  readonly hasQuota = true;
  readonly storesResults = false;

  constructor({ user }: Caller) {
    this.user = user;
  }

  ownerOfNew(): string {
    return this.user;
  }

  mayRead(file: OwnedFile): boolean {
    return mayRead(file, this.user);
  }

  mayChange(file: OwnedFile): boolean {
    return file.owner === this.user;
  }
}

/** Also a server that keeps its files here, and stores them in the name of others. */
class Admin implements FileCaller {
  readonly user: string;
  readonly hasQuota: boolean;

  constructor(
    { user }: Caller,
    readonly storesResults: boolean,
    private readonly owner = user,
  ) {
    this.user = user;
    this.hasQuota = owner !== user;
  }

  ownerOfNew(): string {
    return this.owner;
  }

  mayRead(): boolean {
    return true;
  }

  mayChange(): boolean {
    return true;
  }
}

class AgentOnAttempt implements FileCaller {
  readonly storesResults = true;
  readonly hasQuota: boolean;

  constructor(private readonly job: JobRow) {
    this.hasQuota = job.spec.byAdmin !== true;
  }

  ownerOfNew(id: string): string {
    if (this.isOwn(id)) return this.job.owner;
    throw new DomainError('forbidden', `File ${id} is none of the attempt's results.`);
  }

  /** A job's files are read as its owner may read them now, whatever he might when he asked for it. */
  mayRead(file: OwnedFile): boolean {
    if (this.isOwn(file.id)) return true;
    const { binary, inputFiles = [], byAdmin = false } = this.job.spec;
    const isNamed = file.id === binary || inputFiles.includes(file.id);
    return isNamed && (byAdmin || mayRead(file, this.job.owner));
  }

  mayChange({ id }: OwnedFile): boolean {
    return this.isOwn(id);
  }

  private isOwn(id: string): boolean {
    return isFileOfAttempt(id, this.job);
  }
}

/** Whether an attempt may store a part of its result under that id. */
function isFileOfAttempt(fileId: string, { id, attempt, spec }: JobRow): boolean {
  if (fileId === attemptFileId(id, attempt, 'stdout')) return true;
  if (fileId === attemptFileId(id, attempt, 'stderr')) return true;
  if ((spec.outputFiles ?? []).length === 0) return false;
  return Array.from({ length: MAX_OUTPUTS }).some(
    (_, index) => fileId === attemptFileId(id, attempt, `output/${index}`),
  );
}

import { type ExecutionContext } from '@nestjs/common';
import { type OwnedFile } from './file-access.js';

/** Header lines by their names in lower case, as Node has them. */
export type FileRequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** What one caller of the embedded data manager's API may do. */
export interface FileCaller {
  /** Undefined for an agent. */
  readonly user?: string;
  /**
   * In whose name a new file is stored under `id`.
   * Throws `DomainError('forbidden')`.
   */
  ownerOfNew(id: string): string;
  /** Whether what it stores is held to its owner's quota. */
  readonly hasQuota: boolean;
  /** Whether what it stores is the result of a job, and goes with it; else it is an upload. */
  readonly storesResults: boolean;
  mayRead(file: OwnedFile): boolean;
  /** Delete it, or change who may read it. */
  mayChange(file: OwnedFile): boolean;
}

/** Tells what a caller of the embedded data manager's API may do. */
export abstract class FileCallers {
  /** Throws `DomainError('unauthenticated')` or `forbidden`. */
  abstract identify(headers: FileRequestHeaders, context: ExecutionContext): Promise<FileCaller>;
}

import { type FileErrand } from './file-store.js';

/** Names the attempt for which an agent asks, and proves that it holds it: `job/attempt/token`. */
export const LEASE_HEADER = 'x-job-lease';
/** In whose name an admin stores a file; in percent-encoding, as a header holds ASCII only. */
export const OWNER_HEADER = 'x-file-owner';

/** What a request on behalf of an attempt says of it. A foreign data manager need not heed it. */
export function headersOf({ jobId, attempt, token, owner }: FileErrand): Record<string, string> {
  return {
    [LEASE_HEADER]: `${jobId}/${String(attempt)}/${token}`,
    [OWNER_HEADER]: encodeURIComponent(owner),
  };
}

/** The attempt that a request names; undefined where it names none. */
export function leaseIn(
  header: string | string[] | undefined,
): Pick<FileErrand, 'jobId' | 'attempt' | 'token'> | undefined {
  const [, jobId, attempt, token] =
    /^([0-9a-f-]{36})\/(\d{1,9})\/([0-9a-f-]{36})$/i.exec(String(header)) ?? [];
  if (jobId === undefined || token === undefined) return undefined;
  return { jobId: jobId.toLowerCase(), attempt: Number(attempt), token: token.toLowerCase() };
}

/** The owner that a request names, if any; the empty text where it is no text. */
export function ownerIn(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  try {
    return decodeURIComponent(String(header));
  } catch {
    return '';
  }
}

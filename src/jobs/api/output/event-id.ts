import { DomainError } from '../../../kernel/errors.js';
import { type OutputCursor } from '../../output/output-event.js';

const SYNTAX = /^(\d{1,10})\.(\d{1,16})\.(\d{1,16})(\.end)?$/;

/** Where a caller goes on, who has seen an event. */
export interface SeenEvent {
  readonly cursor: OutputCursor;
  /** It was the last one: nothing comes after it. */
  readonly isEnd: boolean;
}

/** Attempt, then bytes of standard output and error up to and with this event, in decimal; the last event's goes on with `.end`. */
export function eventIdOf({ attempt, stdout, stderr }: OutputCursor, isEnd = false): string {
  return [attempt, stdout, stderr, ...(isEnd ? ['end'] : [])].join('.');
}

/**
 * Undefined where no event was seen, as an empty `Last-Event-ID` says too.
 *
 * @throws DomainError `invalid_request` for what no event here was named
 */
export function seenEventIn(lastEventId: string | undefined): SeenEvent | undefined {
  if (lastEventId === undefined || lastEventId.trim() === '') return undefined;
  const found = SYNTAX.exec(lastEventId.trim());
  const [attempt = NaN, stdout = NaN, stderr = NaN] = (found?.slice(1, 4) ?? []).map(Number);
  const cursor = { attempt, stdout, stderr };
  if (!Object.values(cursor).every(Number.isSafeInteger))
    throw new DomainError('invalid_request', 'Last-Event-ID must be the id of an event of this stream.');
  return { cursor, isEnd: found?.[4] !== undefined };
}

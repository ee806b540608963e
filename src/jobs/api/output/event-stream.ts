import { isUtf8 } from 'node:buffer';
import { DomainError } from '../../../kernel/errors.js';
import {
  BEFORE_ALL,
  type BytesWritten,
  type OutputCursor,
  type OutputEvent,
} from '../../output/output-event.js';
import { jobInfoOf } from '../job-info.js';
import { eventIdOf } from './event-id.js';

/** A caller whose connection broke comes back after so many ms, if it is a browser. */
const RETRY_MS = 1_000;
const CARRIAGE_RETURN = 0x0d;

/**
 * Server-sent events, as the HTML standard has them (9.2), of what a job writes: `attempt`, `stdout`, `stderr`, and `end` with all that
 * `job_info` says. Text is data as it is, so that a person can read it; bytes that no such text can hold are `stdout-base64`
 * and `stderr-base64`. Where the job is gone meanwhile, `end` says so.
 *
 * @param greeting a line for people who look at it, before the first event
 */
export async function* eventStream(
  events: AsyncIterable<OutputEvent>,
  greeting: string,
): AsyncGenerator<string, void, undefined> {
  let cursor = BEFORE_ALL;
  yield `: ${greeting}\nretry: ${String(RETRY_MS)}\n\n`;
  try {
    for await (const event of events) {
      cursor = event.cursor;
      yield textOf(event);
    }
  } catch (error) {
    if (!(error instanceof DomainError) || !['gone', 'not_found'].includes(error.code)) throw error;
    yield endOf(cursor, { error: error.message });
  }
}

function textOf(event: OutputEvent): string {
  switch (event.kind) {
    case 'attempt': {
      const { attempt, agent, cursor } = event;
      return eventText('attempt', eventIdOf(cursor), JSON.stringify({ attempt, agent }));
    }
    case 'bytes':
      return bytesText(event);
    case 'silence':
      return ': nothing new\n\n';
    case 'end':
      return endOf(event.cursor, jobInfoOf(event.job));
  }
}

function endOf(cursor: OutputCursor, what: object): string {
  return eventText('end', eventIdOf(cursor, true), JSON.stringify(what));
}

/** A receiver takes a carriage return for the end of a line, and what is no UTF-8 for something else. */
function bytesText({ stream, bytes, cursor }: BytesWritten): string {
  const id = eventIdOf(cursor);
  if (isUtf8(bytes) && !bytes.includes(CARRIAGE_RETURN)) return eventText(stream, id, bytes.toString());
  return eventText(`${stream}-base64`, id, bytes.toString('base64'));
}

function eventText(name: string, id: string, data: string): string {
  return `event: ${name}\nid: ${id}\ndata: ${data.replaceAll('\n', '\ndata: ')}\n\n`;
}

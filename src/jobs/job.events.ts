import { type JobRow, type PastAttempt } from './job.entity.js';
import { isFinished } from './job.states.js';

export const JOB_EVENT_TYPES = [
  'accepted',
  'claimed',
  'started',
  'put_back',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobEventType = (typeof JOB_EVENT_TYPES)[number];

/** Something that happened to a job. */
export interface JobEvent {
  /** Ms since the epoch. */
  readonly at: number;
  readonly type: JobEventType;
  /** 1 or more; null where it was of none. */
  readonly attempt: number | null;
  readonly agent: string | null;
  /** In words for a person. */
  readonly message: string;
}

/** Of an agent that comes and goes all the time: the latest are kept. */
const MOST_PAST_ATTEMPTS = 100;

/** The attempts before the next one, with the one that ends now. */
export function pastAttemptsOf(row: JobRow, endedAt: number, reason: string | null): PastAttempt[] {
  const { attempt, agent, claimedAt, startedAt } = row;
  const last = { attempt, agent, claimedAt, startedAt, endedAt, reason };
  return [...(row.pastAttempts ?? []), last].slice(-MOST_PAST_ATTEMPTS);
}

/** All that is known to have happened to a job that is still there, in its order. */
export function eventsOf(row: JobRow): JobEvent[] {
  const accepted = event('accepted', row.createdAt, null, 'The job was accepted.');
  const before = (row.pastAttempts ?? []).flatMap(eventsOfPast);
  const isUnderWay = row.agent !== null;
  return [accepted, ...before, ...(isUnderWay ? eventsOfAttempt(row) : []), ...endOf(row)];
}

type Attempt = Pick<JobRow, 'attempt' | 'agent' | 'claimedAt' | 'startedAt'>;

function eventsOfAttempt(attempt: Attempt): JobEvent[] {
  const { agent, claimedAt, startedAt } = attempt;
  const claimed = `${nameOf(agent)} took the job, as attempt ${String(attempt.attempt)}.`;
  return [
    ...(claimedAt === null ? [] : [event('claimed', claimedAt, attempt, claimed)]),
    ...(startedAt === null ? [] : [event('started', startedAt, attempt, 'Its command was started.')]),
  ];
}

function eventsOfPast(past: PastAttempt): JobEvent[] {
  const why = past.reason ?? `${nameOf(past.agent)} gave it back, since it stops.`;
  return [
    ...eventsOfAttempt(past),
    event('put_back', past.endedAt, past, `${why} The job went back to the queue.`),
  ];
}

function endOf(row: JobRow): JobEvent[] {
  const { state, finishedAt, reason } = row;
  if (!isFinished(state) || finishedAt === null) return [];
  const message =
    reason ?? (state === 'succeeded' ? 'The command exited with code 0.' : `The job has ${state}.`);
  const wasTaken = row.attempt > 0 && row.agent !== null;
  return [event(state as JobEventType, finishedAt, wasTaken ? row : null, message)];
}

function event(
  type: JobEventType,
  at: number,
  attempt: Pick<Attempt, 'attempt' | 'agent'> | null,
  message: string,
): JobEvent {
  return { at, type, attempt: attempt?.attempt ?? null, agent: attempt?.agent ?? null, message };
}

function nameOf(agent: string | null): string {
  return agent === null ? 'An agent' : `Agent ${agent}`;
}

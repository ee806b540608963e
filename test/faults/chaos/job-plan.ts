import { type Random } from './random.js';
import { type Yard } from './yard.js';

/** What the harness does to a job. */
export interface Intervention {
  readonly call: 'cancel' | 'delete';
  /** Whether to wait first until it has started. */
  readonly onceStarted: boolean;
  readonly afterMs: number;
}

export interface PlannedJob {
  readonly index: number;
  readonly kind: string;
  /** Ms after the start of the workload. */
  readonly atMs: number;
  /** Body of `POST /run`. */
  readonly request: Readonly<Record<string, unknown>>;
  /** How it ends if nobody intervenes. */
  readonly fate: 'succeeded' | 'failed' | 'expires' | 'endless';
  /** Seconds. */
  readonly ttl?: number;
  /** Content of the output file `made`. */
  readonly output?: string;
  /** No agent may run it. */
  readonly mustNotStart: boolean;
  readonly intervention?: Intervention;
}

/** What jobs may name: stored before the first fault. */
export interface StoredInputs {
  /** Prints the file that it is given. */
  readonly binary: string;
  readonly files: readonly { readonly id: string; readonly content: string }[];
}

export const EXIT_CODE_OF_FAILURE = 3;

/** No agent has this label. */
const NOWHERE = 'nowhere';

type Draft = Omit<PlannedJob, 'index' | 'kind' | 'atMs' | 'mustNotStart'> & {
  readonly mustNotStart?: boolean;
};

interface Site {
  readonly index: number;
  readonly yard: Yard;
  readonly random: Random;
  readonly inputs: StoredInputs;
  readonly labels: readonly string[];
}

interface Kind {
  readonly name: string;
  readonly weight: number;
  readonly draft: (site: Site) => Draft;
}

const KINDS: readonly Kind[] = [
  { name: 'short', weight: 30, draft: (site) => answering(site, `sleep ${site.random.between(0, 0.2)}`) },
  { name: 'long', weight: 10, draft: (site) => answering(site, `sleep ${site.random.between(1, 4)}`) },
  { name: 'failing', weight: 8, draft: failing },
  { name: 'retried', weight: 8, draft: retried },
  { name: 'staged', weight: 8, draft: staged },
  {
    name: 'labelled',
    weight: 8,
    draft: (site) => answering(site, 'sleep 0.1', { requires: [site.random.pick(site.labels)] }),
  },
  { name: 'cancelled', weight: 5, draft: (site) => intervened(short(site), within(site, 'cancel', 1_500)) },
  {
    name: 'cancelled waiting',
    weight: 4,
    draft: (site) => intervened(waiting(site), within(site, 'cancel')),
  },
  {
    name: 'cancelled running',
    weight: 6,
    draft: (site) => intervened(endless(site), onceStarted(site, 'cancel')),
  },
  { name: 'deleted', weight: 5, draft: (site) => intervened(short(site), within(site, 'delete', 1_500)) },
  { name: 'deleted waiting', weight: 3, draft: (site) => intervened(waiting(site), within(site, 'delete')) },
  {
    name: 'deleted running',
    weight: 4,
    draft: (site) => intervened(endless(site), onceStarted(site, 'delete')),
  },
  { name: 'expiring', weight: 3, draft: (site) => expiring(short(site), site) },
  { name: 'expiring waiting', weight: 3, draft: (site) => expiring(waiting(site), site) },
  { name: 'expiring running', weight: 6, draft: (site) => expiring(endless(site), site) },
];

/** The job that follows from the random numbers. */
export function planJob(atMs: number, site: Site): PlannedJob {
  const kind = site.random.pickWeighted(KINDS);
  const draft = kind.draft(site);
  const request = { ...draft.request, name: nameOf(site.index) };
  return { mustNotStart: false, ...draft, index: site.index, kind: kind.name, atMs, request };
}

/** A job that sleeps and answers. */
export function planPlainJob(index: number, yard: Yard, seconds: number): PlannedJob {
  const { request, fate } = answering({ index, yard }, `sleep ${seconds.toFixed(3)}`);
  const named = { ...request, name: nameOf(index) };
  return { index, kind: 'plain', atMs: 0, request: named, fate, mustNotStart: false };
}

/** By which the harness finds a job again whose id it was never told. */
export function nameOf(index: number): string {
  return `chaos-${index}`;
}

export function answerOf(index: number, attempt: number): string {
  return `answer ${index} ${attempt}\n`;
}

function answer(index: number): string {
  return `mark end; echo "answer ${index} $JOB_ATTEMPT"`;
}

function answering({ index, yard }: Pick<Site, 'index' | 'yard'>, work: string, more: object = {}): Draft {
  const command = yard.command(index, `${work}; ${answer(index)}`);
  return { request: { command, ...more }, fate: 'succeeded' };
}

function short(site: Site): Draft {
  return answering(site, `sleep ${site.random.between(0.1, 0.8).toFixed(2)}`);
}

function failing({ index, yard, random }: Site): Draft {
  const body = `sleep ${random.between(0, 0.5).toFixed(2)}; echo trouble >&2; ${answer(index)}; exit ${EXIT_CODE_OF_FAILURE}`;
  return { request: { command: yard.command(index, body) }, fate: 'failed' };
}

function retried({ index, yard }: Site): Draft {
  const body = `${yard.triedBefore(index)} || { echo half; exit 1; }; ${answer(index)}`;
  return { request: { command: yard.command(index, body), retry_on_failure: true }, fate: 'succeeded' };
}

function staged(site: Site): Draft {
  const { id, content } = site.random.pick(site.inputs.files);
  const files = { binary: site.inputs.binary, input_files: [id], output_files: ['mad*'] };
  return { ...answering(site, '"$BINARY" "$INPUT_1" > made', files), output: content };
}

/** Half of them heed no SIGTERM. */
function endless({ index, yard, random }: Site): Draft {
  const deaf = random.chance(0.5) ? 'trap "" TERM;' : '';
  const command = yard.command(index, `${deaf} while :; do mark tick; sleep 0.1; done`);
  return { request: { command }, fate: 'endless' };
}

function waiting(site: Site): Draft {
  const { request } = short(site);
  return { request: { ...request, requires: [NOWHERE] }, fate: 'endless', mustNotStart: true };
}

function expiring(draft: Draft, { random }: Site): Draft {
  const ttl = random.integer(1, 6);
  return { ...draft, request: { ...draft.request, ttl }, fate: 'expires', ttl };
}

function intervened(draft: Draft, intervention: Intervention): Draft {
  return { ...draft, intervention };
}

function within({ random }: Site, call: Intervention['call'], mostMs = 4_000): Intervention {
  return { call, onceStarted: false, afterMs: random.between(0, mostMs) };
}

function onceStarted({ random }: Site, call: Intervention['call']): Intervention {
  return { call, onceStarted: true, afterMs: random.between(0, 3_000) };
}

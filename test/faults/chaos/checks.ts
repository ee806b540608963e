import { type JobInfo } from '../../support/client.js';
import { type Sight } from './caller.js';
import { type Faults } from './faults.js';
import { type Fleet, KILL_GRACE_SECONDS, LEASE_SECONDS } from './fleet.js';
import { answerOf, EXIT_CODE_OF_FAILURE } from './job-plan.js';
import { exists, expectedEnd, type JobRecord, lastMomentOf } from './job-record.js';
import { type Mark } from './yard.js';

/** What is wrong; `index`: with which job. */
export interface Finding {
  readonly index?: number;
  readonly text: string;
}

/** For an end to reach an agent: by Redis, or by its next sign of life. */
const TOLD_WITHIN_MS = 1_000;
/** What a busy machine may add to any of these. */
const SLACK_MS = 1_500;

/** Undefined: the job has ended as it must. */
export function wrongEnd(record: JobRecord, sight: Sight): string | undefined {
  const expected = expectedEnd(record);
  if (sight.state !== expected) return `is ${sight.state}, not ${expected}: ${shown(sight)}`;
  if (!('exit_code' in sight)) return undefined;
  if (sight.state === 'cancelled') {
    return sight.answer_id === null ? undefined : `was cancelled and has an answer: ${shown(sight)}`;
  }
  const exitCode = sight.state === 'succeeded' ? 0 : EXIT_CODE_OF_FAILURE;
  if (sight.exit_code !== exitCode || sight.answer_id === null) {
    return `lacks an answer or has a wrong exit code: ${shown(sight)}`;
  }
  return undefined;
}

/** All but the command, which says nothing new. */
function shown(sight: Sight): string {
  return JSON.stringify({ ...sight, command: undefined });
}

/** Bytes of the answer and of the output, and who ran it. */
export async function wrongResult(
  { plan }: JobRecord,
  info: JobInfo,
  fleet: Fleet,
): Promise<string | undefined> {
  const { client } = fleet.dataManager;
  const answer = (await client.download(String(info.answer_id))).toString();
  const expected = answerOf(plan.index, info.attempt);
  if (answer !== expected) return `answered ${JSON.stringify(answer)}, not ${JSON.stringify(expected)}`;
  const outputs = await Promise.all(
    info.outputs.map(async ({ path, file_id }) => [path, (await client.download(file_id)).toString()]),
  );
  const expectedOutputs = plan.output === undefined ? [] : [['made', plan.output]];
  if (JSON.stringify(outputs) !== JSON.stringify(expectedOutputs)) {
    return `left ${JSON.stringify(outputs)}, not ${JSON.stringify(expectedOutputs)}`;
  }
  const [label] = (plan.request.requires ?? []) as string[];
  if (label !== undefined && !fleet.namesOfAgentsWith(label).includes(String(info.agent))) {
    return `needs an agent with ${label}, and ran on ${String(info.agent)}`;
  }
  return undefined;
}

/** What the jobs' own marks tell, whatever the service says. */
export function wrongMarks(records: readonly JobRecord[], marks: readonly Mark[], faults: Faults): Finding[] {
  const byIndex = new Map<number, Mark[]>(records.map(({ plan }) => [plan.index, []]));
  for (const mark of marks) byIndex.get(mark.index)?.push(mark);
  return records.flatMap((record) => {
    const own = byIndex.get(record.plan.index) ?? [];
    const texts = [...overlaps(own), ...forbiddenStarts(record, own), ...lateMarks(record, own, faults)];
    return texts.map((text) => ({ index: record.plan.index, text }));
  });
}

function overlaps(marks: readonly Mark[]): string[] {
  const twice = marks
    .filter(({ kind }) => kind === 'overlap')
    .map(({ attempt }) => `overlap in attempt ${attempt}`);
  const starts = marks.filter(({ kind }) => kind === 'start').map(({ attempt }) => attempt);
  const repeated = starts.filter((attempt, position) => starts.indexOf(attempt) !== position);
  return [...twice, ...repeated.map((attempt) => `attempt ${attempt} was started more than once`)];
}

function forbiddenStarts({ plan, submission }: JobRecord, marks: readonly Mark[]): string[] {
  if (marks.length === 0) return [];
  if (plan.mustNotStart) return ['was started though no agent may run it'];
  return submission === 'refused' ? ['was started though it was refused'] : [];
}

function lateMarks(record: JobRecord, marks: readonly Mark[], faults: Faults): string[] {
  const end = lastMomentOf(record);
  const last = Math.max(...marks.map(({ at }) => at));
  if (!exists(record) || end === undefined || marks.length === 0) return [];
  const inTime = end + TOLD_WITHIN_MS + KILL_GRACE_SECONDS * 1_000 + SLACK_MS;
  // Whoever can't be reached ends the job with the lease that was given before.
  const atWorst = Math.max(inTime, end + LEASE_SECONDS * 1_000 + SLACK_MS);
  const limit = faults.metBetween(end - LEASE_SECONDS * 1_000, inTime) ? atWorst : inTime;
  return last > limit
    ? [`ran for ${Math.round(last - end)} ms after its end, ${Math.round(limit - end)} at most`]
    : [];
}

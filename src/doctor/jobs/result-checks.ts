import { attemptFileId } from '../../execution/attempt-files.port.js';
import { isFinished, type JobState } from '../../jobs/job.states.js';
import { type JobOutput } from '../../jobs/job.types.js';
import { type Check, type Disagreement } from '../check.js';
import { type JobTable } from './job-table.js';

/** What is asked of where results are stored. */
export interface ResultFiles {
  has(id: string): Promise<boolean>;
  /** Ids of all files that were stored as results; undefined where nobody can tell. */
  results?: () => Promise<Set<string>>;
  remove(id: string): Promise<void>;
}

interface ResultRow {
  readonly id: string;
  readonly state: JobState;
  readonly attempt: number;
  readonly spec: string;
  readonly answer_id: string | null;
  readonly stderr_id: string | null;
  readonly outputs: string | null;
}

const COLUMNS = 'id, state, attempt, spec, answer_id, stderr_id, outputs';

/** What jobs name of files, and what files there are of jobs. */
export function resultChecks(table: JobTable, files: ResultFiles): Check[] {
  const { results } = files;
  return [
    { name: 'results that jobs name, and that are not stored', find: () => lostResults(table, files) },
    ...(results === undefined
      ? []
      : [{ name: 'stored results that no job names', find: () => strayResults(table, files, results) }]),
  ];
}

async function* lostResults(table: JobTable, files: ResultFiles): AsyncGenerator<Disagreement> {
  const named = 'answer_id IS NOT NULL OR stderr_id IS NOT NULL OR outputs IS NOT NULL';
  const there = `state IN ('succeeded', 'failed') AND (${named})`;
  for await (const row of table.select<ResultRow>(COLUMNS, there)) {
    for (const [column, id] of [
      ['answer_id', row.answer_id],
      ['stderr_id', row.stderr_id],
    ] as const) {
      if (id === null || (await files.has(id))) continue;
      yield {
        text: `Job ${row.id} names file ${id} as its ${column === 'answer_id' ? 'answer' : 'standard error'}, which is not stored (any more).`,
        mend: () =>
          table.change(
            row.id,
            { sql: `${column} = NULL`, parameters: [] },
            { sql: `${column} = ?`, parameters: [id] },
          ),
      };
    }
    yield* lostOutputs(table, files, row);
  }
}

async function* lostOutputs(
  table: JobTable,
  files: ResultFiles,
  row: ResultRow,
): AsyncGenerator<Disagreement> {
  const outputs = outputsOf(row);
  const kept: JobOutput[] = [];
  for (const output of outputs) if (await files.has(output.fileId)) kept.push(output);
  if (kept.length === outputs.length) return;
  const lost = outputs.filter((output) => !kept.includes(output)).map(({ path }) => path);
  yield {
    text: `Job ${row.id} names outputs that are not stored (any more): ${JSON.stringify(lost).slice(0, 200)}.`,
    mend: () => {
      const left = kept.length === 0 ? null : JSON.stringify(kept);
      const sql = 'outputs = ?';
      return table.change(row.id, { sql, parameters: [left] }, { sql, parameters: [row.outputs] });
    },
  };
}

/** Holds the ids of all results in memory: some 100 bytes each. */
async function* strayResults(
  table: JobTable,
  files: ResultFiles,
  results: () => Promise<Set<string>>,
): AsyncGenerator<Disagreement> {
  // Files first: what is stored after that is nobody's business here.
  const stray = await results();
  for await (const row of table.select<ResultRow>(`${COLUMNS}, cleanup_at`)) {
    for (const id of idsOf(row)) stray.delete(id);
  }
  for (const id of stray) {
    yield {
      text: `File ${id} was stored as the result of a job, but no job names it.`,
      mend: () => files.remove(id),
    };
  }
}

/** All files that are the job's in good order: what it names, its inputs, and what an attempt stores now or a server removes soon. */
function idsOf(row: ResultRow & { readonly cleanup_at?: unknown }): string[] {
  const { binary, inputFiles = [] } = JSON.parse(row.spec) as { binary?: string; inputFiles?: string[] };
  const named = [row.answer_id, row.stderr_id, ...outputsOf(row).map(({ fileId }) => fileId), binary ?? null];
  const isUnderWay = (!isFinished(row.state) && row.attempt > 0) || (row.cleanup_at ?? null) !== null;
  const attempts = isUnderWay ? Array.from({ length: row.attempt }, (_, index) => index + 1) : [];
  const parts = attempts.flatMap((attempt) =>
    (['stdout', 'stderr'] as const).map((part) => attemptFileId(row.id, attempt, part)),
  );
  return [...named.filter((id) => id !== null), ...inputFiles, ...parts];
}

function outputsOf({ outputs }: ResultRow): JobOutput[] {
  return outputs === null ? [] : (JSON.parse(outputs) as JobOutput[]);
}

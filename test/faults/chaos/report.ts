import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Finding } from './checks.js';
import { type Fleet } from './fleet.js';
import { type JobRecord } from './job-record.js';
import { type Timeline } from './timeline.js';
import { type Mark } from './yard.js';

const MOST_FINDINGS_TOLD = 30;
const MOST_JOBS_TOLD = 5;

export interface Evidence {
  readonly seed: number;
  readonly findings: readonly Finding[];
  readonly records: readonly JobRecord[];
  readonly marks: readonly Mark[];
  readonly timeline: Timeline;
  readonly fleet: Fleet;
}

/** What was found, and all that is known of it. */
export function reportOf({ seed, findings, records, marks, timeline, fleet }: Evidence): string {
  const about = new Set(findings.flatMap(({ index }) => (index === undefined ? [] : [index])));
  const jobs = [...about].slice(0, MOST_JOBS_TOLD).flatMap((index) => {
    const record = records.find(({ plan }) => plan.index === index);
    return [
      '',
      `Job ${index}, ${record?.plan.kind ?? ''}, ${record?.submission ?? ''}, ${record?.id ?? 'without an id'}:`,
      ...timeline.job(index, marks, loggedOf(fleet, record?.id)),
    ];
  });
  const whole = about.size === 0 ? ['', ...timeline.fleet()] : [];
  return [
    `CHAOS_SEED=${seed}: ${findings.length} findings`,
    ...findings
      .slice(0, MOST_FINDINGS_TOLD)
      .map(({ index, text }) => (index === undefined ? text : `job ${index} ${text}`)),
    ...jobs,
    ...whole,
  ].join('\n');
}

/** Report and logs as files in `directory`. */
export async function keepEvidence(directory: string, evidence: Evidence): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'report'), reportOf(evidence));
  await writeFile(join(directory, 'fleet'), evidence.timeline.fleet().join('\n'));
  const jobs = evidence.records.map(({ plan, ...record }) => ({ ...record, ...plan }));
  await writeFile(join(directory, 'jobs'), jobs.map((job) => JSON.stringify(job)).join('\n'));
  for (const [name, process] of evidence.fleet.processes) {
    await writeFile(join(directory, `${name}.log`), process.logs());
  }
}

/** Lines of all logs that name the job. */
function loggedOf(fleet: Fleet, id: string | undefined): { at: number; text: string; index: number }[] {
  if (id === undefined) return [];
  return [...fleet.processes].flatMap(([name, process]) =>
    process
      .logs()
      .split('\n')
      .filter((line) => line.includes(id) && line.startsWith('{'))
      .map((line) => {
        const { time, msg, level, req } = JSON.parse(line) as Record<string, unknown>;
        const what = req === undefined ? String(msg) : `${String(msg)} ${JSON.stringify(req).slice(0, 200)}`;
        return {
          at: Number(new Date(time as number)),
          text: `    ${name}: ${String(level)} ${what}`,
          index: 0,
        };
      }),
  );
}

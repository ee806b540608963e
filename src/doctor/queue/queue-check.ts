import { setTimeout as delay } from 'node:timers/promises';
import { type QueueEntries, type QueueEntry } from '../../execution/queue/redis/queue-entries.js';
import { isUuid } from '../../kernel/ids.js';
import { type Check, type Disagreement } from '../check.js';
import { type JobTable } from '../jobs/job-table.js';

/** What is wrong for a moment only, while servers run, is not wrong: so long later it is looked at again, in ms. */
const LOOK_AGAIN_MS = 1_000;
const AT_ONCE = 200;

/** What waits in Redis, and for no job. */
export function queueCheck(table: JobTable, queue: QueueEntries): Check {
  return { name: 'entries of the queue for jobs that do not wait', find: () => strayEntries(table, queue) };
}

async function* strayEntries(table: JobTable, queue: QueueEntries): AsyncGenerator<Disagreement> {
  const suspects = await strayAmong(table, await queue.all());
  if (suspects.length === 0) return;
  await delay(LOOK_AGAIN_MS);
  const still = new Set((await queue.all()).map(({ queue: name, id }) => `${name} ${id}`));
  for (const entry of await strayAmong(table, suspects)) {
    if (!still.has(`${entry.queue} ${entry.id}`)) continue;
    yield {
      text: `Queue ${entry.queue} has an entry for job ${entry.id}, which does not wait, or is not there.`,
      mend: () => queue.remove(entry),
    };
  }
}

async function strayAmong(table: JobTable, entries: readonly QueueEntry[]): Promise<QueueEntry[]> {
  const waiting = new Set<string>();
  const ids = entries.map(({ id }) => id).filter(isUuid);
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const some = ids.slice(start, start + AT_ONCE);
    const sql = `SELECT id FROM ${table.jobs} WHERE state = 'queued' AND id IN (${some.map(() => '?').join(', ')})`;
    for (const { id } of await table.database.rows<{ id: string }>({ sql, parameters: some }))
      waiting.add(id);
  }
  return entries.filter(({ id }) => !waiting.has(id));
}

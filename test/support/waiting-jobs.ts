import {
  type FirstJobs,
  LiveAgents,
  type WaitingJob,
  WaitingJobs,
} from '../../src/execution/job-dispatcher.port.js';
import { hasAll } from '../../src/kernel/agent-labels.js';

/** The waiting jobs of a database, without one. */
export class FakeWaitingJobs extends WaitingJobs {
  readonly jobs = new Map<string, WaitingJob>();
  /** So many questions fail before one is answered. */
  away = 0;
  asked = 0;

  next(limit: number, labels: readonly string[]): Promise<FirstJobs> {
    this.asked += 1;
    if (this.away-- > 0) return Promise.reject(new Error('the database is away'));
    const runnable = [...this.jobs.values()].filter(({ requires }) => hasAll(labels, requires));
    const jobs = inTurns(runnable).slice(0, limit);
    return Promise.resolve({ jobs, isAll: runnable.length <= limit });
  }

  /** @param n determines its id, and its age in comparison with others */
  add(n: number, job: Partial<Omit<WaitingJob, 'id'>> = {}): WaitingJob {
    const id = `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
    const waiting = { id, rank: 0, owner: 'anna', requires: [], ...job };
    this.jobs.set(id, waiting);
    return waiting;
  }

  /** True for whoever asks first: what is claimed waits no more. */
  claim(id: string): boolean {
    return this.jobs.delete(id);
  }
}

/** Agents that are alive because a test says so. */
export class FakeLiveAgents extends LiveAgents {
  sets: (readonly string[])[] = [[]];

  labelSets(): Promise<readonly (readonly string[])[]> {
    return Promise.resolve(this.sets);
  }
}

/** By rank, and within a rank the oldest of each owner, the second oldest of each, and so on. */
function inTurns(jobs: readonly WaitingJob[]): WaitingJob[] {
  const counts = new Map<string, number>();
  const placed = jobs
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((job) => {
      const key = `${job.rank} ${job.owner}`;
      const turn = counts.get(key) ?? 0;
      counts.set(key, turn + 1);
      return { job, turn };
    });
  return placed.sort((a, b) => a.job.rank - b.job.rank || a.turn - b.turn).map(({ job }) => job);
}

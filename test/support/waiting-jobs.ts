import { LiveAgents, type WaitingJob, WaitingJobs } from '../../src/execution/job-dispatcher.port.js';
import { hasAll } from '../../src/kernel/agent-labels.js';

/** The waiting jobs of a database, without one. */
export class FakeWaitingJobs extends WaitingJobs {
  readonly jobs = new Map<string, WaitingJob>();
  /** So many questions fail before one is answered. */
  away = 0;
  asked = 0;

  next(limit: number, labels: readonly string[]): Promise<readonly WaitingJob[]> {
    this.asked += 1;
    if (this.away-- > 0) return Promise.reject(new Error('the database is away'));
    const inOrder = [...this.jobs.values()]
      .filter(({ requires }) => hasAll(labels, requires))
      .sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
    return Promise.resolve(inOrder.slice(0, limit));
  }

  /** @param n determines its id, and its age in comparison with others */
  add(n: number, job: Partial<Pick<WaitingJob, 'rank' | 'requires'>> = {}): WaitingJob {
    const id = `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;
    const waiting = { id, rank: 0, requires: [], ...job };
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

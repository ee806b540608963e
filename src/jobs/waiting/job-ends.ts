import { Injectable, Logger } from '@nestjs/common';
import { END_STATES, EndNews, type EndState, type JobEnd } from '../../execution/end-news.port.js';
import { JobChanges } from '../job-changes.port.js';
import { type JobState } from '../job.states.js';

/** What it throws, or rejects with, is logged; nobody waits for it. */
export type JobEndListener = (end: JobEnd) => void | Promise<void>;

/** The ends of jobs as they come: those that this server writes down, and those that others tell of. */
@Injectable()
export class JobEnds {
  private readonly logger = new Logger('JobEnds');
  private readonly listeners = new Set<JobEndListener>();

  constructor(changes: JobChanges, news: EndNews) {
    changes.listen((ids, to) => {
      if (!isEnd(to)) return;
      const ends = ids.map((jobId) => ({ jobId, state: to }));
      news.tell(ends);
      this.tell(ends);
    });
    news.listen((ends) => {
      this.tell(ends);
    });
  }

  /** @returns what to call in order to hear no more */
  listen(listener: JobEndListener): () => void {
    // Of its own, so that one that listens twice is told twice, and each may stop alone.
    const entry: JobEndListener = (end) => listener(end);
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  }

  private tell(ends: readonly JobEnd[]): void {
    for (const listener of this.listeners) {
      for (const end of ends) void this.tellOne(listener, end);
    }
  }

  private async tellOne(listener: JobEndListener, end: JobEnd): Promise<void> {
    try {
      await listener(end);
    } catch (error) {
      this.logger.error(error);
    }
  }
}

function isEnd(state: JobState): state is EndState {
  return (END_STATES as readonly JobState[]).includes(state);
}

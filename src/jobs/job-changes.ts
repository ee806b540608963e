import { Injectable } from '@nestjs/common';
import { type JobState } from './job.states.js';

/** @param ids of jobs that are in state `to`, or were when it was told */
export type JobChangeListener = (ids: readonly string[], to: JobState) => void;

/** Tells within this server which jobs it has brought to another state, once the database holds it. Claims are not told. */
@Injectable()
export class JobChanges {
  private readonly listeners = new Set<JobChangeListener>();

  /** @param listener must not throw */
  listen(listener: JobChangeListener): void {
    this.listeners.add(listener);
  }

  tell(ids: readonly string[], to: JobState): void {
    for (const listener of this.listeners) listener(ids, to);
  }
}

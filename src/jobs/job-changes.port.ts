import { Injectable } from '@nestjs/common';
import { type JobState } from './job.states.js';

/** @param ids of jobs that are in state `to`, or were when it was told */
export type JobChangeListener = (ids: readonly string[], to: JobState) => void;

/** An attempt that was granted to an agent. */
export interface GrantedAttempt {
  readonly jobId: string;
  /** 1 or more. */
  readonly attempt: number;
  /** Whether its command begins at once, with nothing to stage. */
  readonly runs: boolean;
}

/** Counts what a server does. Its methods must not throw. */
export interface JobWatcher {
  accepted(): void;
  granted(attempt: GrantedAttempt): void;
  /** An attempt's result counts; storing its files took so many ms. */
  published(ms: number): void;
  /** An attempt was taken from an agent that is lost. */
  lost(): void;
  became: JobChangeListener;
}

/** Tells within this server which jobs it has brought to another state, once the database holds it. */
@Injectable()
export class JobChanges {
  private readonly listeners = new Set<JobChangeListener>();
  private readonly watchers = new Set<JobWatcher>();

  /** Claims are not told. @param listener must not throw */
  listen(listener: JobChangeListener): void {
    this.listeners.add(listener);
  }

  /** All is told. */
  watch(watcher: JobWatcher): void {
    this.watchers.add(watcher);
    this.listen(watcher.became);
  }

  tell(ids: readonly string[], to: JobState): void {
    for (const listener of this.listeners) listener(ids, to);
  }

  tellAccepted(): void {
    for (const watcher of this.watchers) watcher.accepted();
  }

  tellPublished(ms: number): void {
    for (const watcher of this.watchers) watcher.published(ms);
  }

  tellLost(): void {
    for (const watcher of this.watchers) watcher.lost();
  }

  tellGranted(attempt: GrantedAttempt): void {
    for (const watcher of this.watchers) watcher.granted(attempt);
  }
}

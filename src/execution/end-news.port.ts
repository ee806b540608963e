/** How a job came to its end: with a result, or by being removed, which may come after a result. */
export const END_STATES = ['succeeded', 'failed', 'cancelled', 'deleted', 'expired'] as const;
export type EndState = (typeof END_STATES)[number];

/** A job that has ended, or is gone. */
export interface JobEnd {
  readonly jobId: string;
  readonly state: EndState;
}

/** Where servers tell each other which jobs have ended. Nothing depends on what they hear: the database has it all. */
export abstract class EndNews {
  /** Tells the other servers, this one not. Never fails. */
  abstract tell(ends: readonly JobEnd[]): void;

  /**
   * @param listener is given what other servers tell. Anybody who reaches the queue can say it: the database alone knows
   *   whether it is so
   */
  abstract listen(listener: (ends: readonly JobEnd[]) => void): void;

  /** @param listener is called when something may have been missed until now */
  abstract whenInDoubt(listener: () => void): void;
}

/** There is no other server. */
export class NoOtherServers extends EndNews {
  tell(): void {
    // Whoever could hear it is in this process, and was told.
  }

  listen(): void {
    // There is nobody who could tell anything.
  }

  whenInDoubt(): void {
    // Nothing is ever missed.
  }
}

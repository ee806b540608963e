/** Two places that say different things of the same job, file or process. */
export interface Disagreement {
  /** One sentence for a person. */
  readonly text: string;
  /**
   * Makes it right, unless it has become so meanwhile, and touches nothing else. Absent: only a person can, and `text` says
   * how.
   */
  readonly mend?: () => Promise<void>;
}

/** Looks for one kind of disagreement. Changes nothing. */
export interface Check {
  /** What should not be there, as a heading. */
  readonly name: string;
  find(): AsyncIterable<Disagreement> | Iterable<Disagreement>;
}

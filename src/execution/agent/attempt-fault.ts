/** An attempt came to nothing through no fault of the command. */
export class AttemptFaultError extends Error {
  /** False where trying again can't help. */
  readonly passing: boolean;

  /** @param message one sentence for a person, shown as the job's `reason` */
  constructor(message: string, { passing, cause }: { passing: boolean; cause?: unknown }) {
    super(message, { cause });
    this.name = 'AttemptFaultError';
    this.passing = passing;
  }
}

/** Something that jobs can't be accepted without. */
export abstract class ReadinessCheck {
  /** @throws DomainError unavailable while it is away */
  abstract check(): Promise<void>;
}

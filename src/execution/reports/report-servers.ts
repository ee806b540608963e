import { monotonicNow } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/errors.js';
import { type WireAnswers } from '../assignment-wire.port.js';
import { type ReportMethod, type WireReports } from '../report-wire.port.js';
import { answerIn } from './answer.js';
import { type ReportServer } from './report-server.js';
import { ServerFault } from './server-fault.js';
import { checked } from './shapes.js';

/** What a server said, and how long after the call it was asked, in ms: others may have been silent before it. */
export interface Answered<M extends ReportMethod> {
  readonly answer: WireAnswers[M];
  readonly delayMs: number;
}

/** Servers of one database, any of which will do: it stays with the one that answered last. */
export class ReportServers {
  private last = 0;

  constructor(private readonly servers: readonly ReportServer[]) {}

  /**
   * Each server is asked once at most.
   * @throws DomainError `unavailable` where none answers, `unauthenticated`
   * @throws Error where a server found fault with the report
   */
  async ask<M extends ReportMethod>(method: M, report: WireReports[M]): Promise<Answered<M>> {
    const body = Buffer.from(JSON.stringify(report));
    const begun = monotonicNow();
    const faults: string[] = [];
    for (const [index, server] of this.inTurn()) {
      const delayMs = Math.floor(monotonicNow() - begun);
      try {
        const answer = checked(method, answerIn(await server.post(method, body)));
        this.last = index;
        return { answer, delayMs };
      } catch (error) {
        if (!(error instanceof ServerFault)) throw error;
        faults.push(`${server.shownUrl} ${error.message}`);
      }
    }
    throw new DomainError('unavailable', `No server takes the reports of this agent: ${faults.join('; ')}.`);
  }

  close(): void {
    for (const server of this.servers) server.close();
  }

  private inTurn(): [number, ReportServer][] {
    const all = [...this.servers.entries()];
    return [...all.slice(this.last), ...all.slice(0, this.last)];
  }
}

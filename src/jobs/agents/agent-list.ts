import { Injectable } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { JobsRepository } from '../jobs.repository.js';
import { AgentDirectory, type LiveAgent } from './agent-directory.js';

/** A live agent with what it runs, as far as a caller may know. */
export interface ListedAgent extends LiveAgent {
  /** Ids of the caller's own jobs; an admin sees all. */
  readonly runningJobs: readonly string[];
}

/** The live agents for whoever asks. */
@Injectable()
export class AgentList {
  constructor(
    private readonly directory: AgentDirectory,
    private readonly jobs: JobsRepository,
  ) {}

  /** By name. Throws `DomainError('unavailable')` while the database is away. */
  async forCaller({ user, role }: Caller): Promise<readonly ListedAgent[]> {
    const [agents, held] = await Promise.all([this.directory.live(), this.jobs.allHeld()]);
    const running = new Map(agents.map(({ name }): [string | null, string[]] => [name, []]));
    for (const { id, owner, agent } of held) {
      if (role === 'admin' || owner === user) running.get(agent)?.push(id);
    }
    return agents.map((agent) => ({ ...agent, runningJobs: running.get(agent.name) ?? [] }));
  }
}

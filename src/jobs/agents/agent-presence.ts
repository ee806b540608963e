import { Injectable } from '@nestjs/common';
import { type AgentCard } from '../../execution/job-reports.port.js';
import { LostAgents } from '../recovery/lost-agents.js';
import { AgentDirectory } from './agent-directory.js';

/**
 * Agents come, live and go. What they say of it may arrive late, and twice: what is held is read before it is
 * looked whether it still matters, for whatever is granted after that belongs to a later process, or to this one.
 */
@Injectable()
export class AgentPresence {
  constructor(
    private readonly directory: AgentDirectory,
    private readonly lost: LostAgents,
  ) {}

  /** It holds nothing: what it held before it was started again goes back to the queue. */
  async arrived(agent: AgentCard): Promise<void> {
    const held = await this.lost.heldBy(agent.name);
    const known = await this.directory.generationOf(agent.name);
    if (known !== null && known >= agent.generation) return;
    await this.lost.takeBack(held);
    await this.directory.saw(agent);
  }

  async left(agent: AgentCard): Promise<void> {
    const held = await this.lost.heldBy(agent.name);
    if ((await this.directory.generationOf(agent.name)) !== agent.generation) return;
    await this.lost.giveBack(held);
    await this.directory.forget(agent);
  }

  /** A sign of life. */
  saw(agent: AgentCard): Promise<void> {
    return this.directory.saw(agent);
  }

  /** Some agent holds a lease that ends at `at`, in ms since the epoch, unless it is extended. */
  leaseEndsAt(at: number): void {
    this.lost.schedule.expectAt(at);
  }
}

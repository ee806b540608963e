import { LessThan, LessThanOrEqual, MoreThan, type Repository } from 'typeorm';
import { type Database } from '../../database/database.js';
import { reachingDatabase } from '../../database/failure.js';
import { type AgentRow } from './agent.entity.js';

/** The agents in the database. Throws `DomainError('unavailable')` while that is away. */
export class AgentsRepository {
  private readonly agents: Repository<AgentRow>;

  constructor(database: Database) {
    this.agents = database.source.getRepository<AgentRow>('Agent');
  }

  /** Notes a sign of life, unless a later process of the agent is known. */
  async save(agent: AgentRow): Promise<void> {
    const { name, generation } = agent;
    const where = { name, generation: LessThanOrEqual(generation) };
    const { affected } = await reachingDatabase(() => this.agents.update(where, agent));
    if (affected === 0 && (await this.generationOf(name)) === null)
      await reachingDatabase(() => this.agents.upsert(agent, ['name']));
  }

  /** Null where nothing is known of the agent. */
  async generationOf(name: string): Promise<number | null> {
    const row = await reachingDatabase(() => this.agents.findOneBy({ name }));
    return row?.generation ?? null;
  }

  async remove(name: string, generation: number): Promise<void> {
    await reachingDatabase(() => this.agents.delete({ name, generation }));
  }

  /** Those that gave a sign of life after `since`, by name. */
  seenSince(since: number): Promise<AgentRow[]> {
    return reachingDatabase(() =>
      this.agents.find({ where: { seenAt: MoreThan(since) }, order: { name: 'ASC' } }),
    );
  }

  /** Forgets those that gave none since `before`. */
  async prune(before: number): Promise<void> {
    await reachingDatabase(() => this.agents.delete({ seenAt: LessThan(before) }));
  }
}

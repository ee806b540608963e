import { LessThan, MoreThan, type Repository } from 'typeorm';
import { type Database } from '../../database/database.js';
import { reachingDatabase } from '../../database/failure.js';
import { type AgentRow } from './agent.entity.js';

/** The agents in the database. Throws `DomainError('unavailable')` while that is away. */
export class AgentsRepository {
  private readonly agents: Repository<AgentRow>;

  constructor(database: Database) {
    this.agents = database.source.getRepository<AgentRow>('Agent');
  }

  /** Notes a sign of life, unless a later process of the agent gave one after `since`. */
  async save(agent: AgentRow, since: number): Promise<void> {
    const { name, generation } = agent;
    const isLatest = '(generation <= :generation OR seen_at <= :since)';
    const update = this.agents.createQueryBuilder().update().set(agent);
    const { affected } = await reachingDatabase(() =>
      update.where(`name = :name AND ${isLatest}`, { name, generation, since }).execute(),
    );
    if (affected === 0 && (await this.generationOf(name, since)) === null)
      await reachingDatabase(() => this.agents.upsert(agent, ['name']));
  }

  /** Of the process of the agent that gave a sign of life after `since`, or null. */
  async generationOf(name: string, since: number): Promise<number | null> {
    const row = await reachingDatabase(() => this.agents.findOneBy({ name, seenAt: MoreThan(since) }));
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

import { LessThan, MoreThan, type Repository } from 'typeorm';
import { type Database } from '../../database/database.js';
import { type Dialect } from '../../database/dialect.js';
import { type Statement } from '../../database/engine.js';
import { reachingDatabase } from '../../database/failure.js';
import { type AgentRow } from './agent.entity.js';

/** The agents in the database. Throws `DomainError('unavailable')` while that is away. */
export class AgentsRepository {
  private readonly agents: Repository<AgentRow>;
  private readonly table: string;

  constructor(private readonly database: Database) {
    this.agents = database.source.getRepository<AgentRow>('Agent');
    this.table = this.agents.metadata.tableName;
  }

  /**
   * Notes signs of life, each unless a later process of the agent gave one after `since`. One statement for all of them:
   * on MySQL each has a flush of its own.
   */
  async save(agents: readonly AgentRow[], since: number): Promise<void> {
    // Two servers that lock rows in one order don't get in each other's way; of one agent's, the first stays the first.
    const rows = agents.toSorted((one, other) =>
      one.name < other.name ? -1 : Number(one.name > other.name),
    );
    const { sql, parameters } = replacingEarlier(this.database.dialect, since);
    const statement = {
      sql: `INSERT INTO ${this.table} (name, labels, concurrency, generation, enforces, seen_at)
        VALUES ${rows.map(() => '(?, ?, ?, ?, ?, ?)').join(', ')} ${sql}`,
      parameters: [
        ...rows.flatMap(({ name, labels, concurrency, generation, enforces, seenAt }) => [
          name,
          labels,
          concurrency,
          generation,
          enforces,
          seenAt,
        ]),
        ...parameters,
      ],
    };
    await this.database.change(statement, 'soon durable');
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

  /** What differs among those that gave a sign of life after `since`, each kind once. */
  kindsSince(since: number): Promise<Pick<AgentRow, 'labels' | 'enforces'>[]> {
    return this.database.rows({
      sql: `SELECT DISTINCT labels, enforces FROM ${this.table} WHERE seen_at > ? ORDER BY labels, enforces`,
      parameters: [since],
    });
  }

  /** Forgets those that gave none since `before`. */
  async prune(before: number): Promise<void> {
    await reachingDatabase(() => this.agents.delete({ seenAt: LessThan(before) }));
  }
}

/** In this order: MySQL assigns one after the other, and what is asked of `generation` must still be so for `seen_at`. */
const REPLACED = ['labels', 'concurrency', 'enforces', 'generation', 'seen_at'];

/** What an INSERT does where the agent is known already. */
function replacingEarlier(dialect: Dialect, since: number): Statement {
  const isLatest = (given: string): string => `generation <= ${given} OR seen_at <= ?`;
  if (dialect === 'sqlite') {
    const assignments = REPLACED.map((column) => `${column} = excluded.${column}`).join(', ');
    return {
      sql: `ON CONFLICT (name) DO UPDATE SET ${assignments} WHERE ${isLatest('excluded.generation')}`,
      parameters: [since],
    };
  }
  const assignments = REPLACED.map(
    (column) => `${column} = IF(${isLatest('VALUES(generation)')}, VALUES(${column}), ${column})`,
  );
  return {
    sql: `ON DUPLICATE KEY UPDATE ${assignments.join(', ')}`,
    parameters: REPLACED.map(() => since),
  };
}

import { EntitySchema } from 'typeorm';
import { columnTypes } from '../../database/dialect.js';
import { MAX_LABEL_SET_LENGTH } from '../../kernel/agent-labels.js';
import { asNumber, type SchemaTarget } from '../job.entity.js';

/** One row: one agent, from its first sign of life until it leaves or is forgotten. */
export interface AgentRow {
  name: string;
  /** As one text. */
  labels: string;
  /** Jobs at once. */
  concurrency: number;
  /** Of its process; an earlier one has no say any more. */
  generation: number;
  /** What it can hold jobs to, in the words of the API, with commas between them. */
  enforces: string;
  /** Its last sign of life, in ms since the epoch. */
  seenAt: number;
}

/** The table of agents. */
export function agentSchema({ dialect }: SchemaTarget): EntitySchema<AgentRow> {
  const { exact, int, instant } = columnTypes(dialect);
  return new EntitySchema<AgentRow>({
    name: 'Agent',
    tableName: 'agents',
    columns: {
      name: { ...exact(255), primary: true },
      labels: { ...exact(MAX_LABEL_SET_LENGTH) },
      concurrency: { ...int },
      generation: { ...int },
      enforces: { ...exact(255) },
      seenAt: { name: 'seen_at', ...instant, transformer: asNumber },
    },
  });
}

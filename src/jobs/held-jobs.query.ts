import { type Statement } from '../database/engine.js';
import { type SchemaTarget } from './job.entity.js';
import { LEASED_STATES } from './job.states.js';
import { stateIn } from './job.tombstone.js';

/** The statement that counts what agents hold of one owner's jobs, as `held`. */
export function heldOfStatement({ tablePrefix }: SchemaTarget, owner: string): Statement {
  return {
    sql: `SELECT COUNT(*) AS held FROM ${tablePrefix}jobs WHERE owner = ? AND ${stateIn(LEASED_STATES)}`,
    parameters: [owner],
  };
}

/** The statement that counts what agents hold of each owner's jobs, as `held`. */
export function heldByOwnerStatement({ tablePrefix }: SchemaTarget): Statement {
  return {
    sql: `SELECT owner, COUNT(*) AS held FROM ${tablePrefix}jobs WHERE ${stateIn(LEASED_STATES)} GROUP BY owner`,
    parameters: [],
  };
}

/** What must hold so that one more of an owner's jobs may be granted, for the WHERE of an UPDATE. */
export function fewerHeldThan(most: number, target: SchemaTarget, owner: string): Statement {
  const count = heldOfStatement(target, owner);
  // Behind a table of its own: MySQL reads no table that it changes.
  return {
    sql: `(SELECT held FROM (${count.sql}) h) < ?`,
    parameters: [...count.parameters, most],
  };
}

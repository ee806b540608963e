import { EntitySchema } from 'typeorm';
import { columnTypes } from '../../database/dialect.js';
import { type SchemaTarget } from '../job.entity.js';

/** One row: one job that was started under a key of its owner's, for as long as repetitions are known. */
export interface IdempotencyKeyRow {
  owner: string;
  idempotencyKey: string;
  /** UUIDv7: it tells how old the key is. The job itself may be gone. */
  jobId: string;
  /** Of the request. */
  fingerprint: string;
}

/** The table of keys. */
export function idempotencyKeySchema({
  dialect,
  tablePrefix,
}: SchemaTarget): EntitySchema<IdempotencyKeyRow> {
  const { uuid, bytes, exactAscii } = columnTypes(dialect);
  return new EntitySchema<IdempotencyKeyRow>({
    name: 'IdempotencyKey',
    tableName: 'idempotency_keys',
    columns: {
      // 255 characters of UTF-8.
      owner: { ...bytes(1_020), primary: true },
      idempotencyKey: { name: 'idempotency_key', ...bytes(255), primary: true },
      jobId: { name: 'job_id', ...uuid },
      fingerprint: { ...exactAscii(64) },
    },
    indices: [{ name: `${tablePrefix}idempotency_key_job`, columns: ['jobId'] }],
  });
}

import { Jobs1700000000001 } from './0001-jobs.js';
import { FairDispatch1700000000002 } from './0002-fair-dispatch.js';
import { IdempotencyKeys1700000000003 } from './0003-idempotency-keys.js';
import { Webhooks1700000000004 } from './0004-webhooks.js';
import { JobHistory1700000000005 } from './0005-job-history.js';

/** All migrations, oldest first. */
export const MIGRATIONS = [
  Jobs1700000000001,
  FairDispatch1700000000002,
  IdempotencyKeys1700000000003,
  Webhooks1700000000004,
  JobHistory1700000000005,
];

import { Jobs1700000000001 } from './0001-jobs.js';

/** All migrations, oldest first. */
export const MIGRATIONS = [Jobs1700000000001] as const;

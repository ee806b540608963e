import { type Type } from '@nestjs/common';
import { routedAt } from '../../http/routed-at.js';
import { undocumented } from '../../http/undocumented.js';
import { CancelController } from './cancel.controller.js';
import { DeleteController } from './delete.controller.js';
import { JobInfoController } from './job-info.controller.js';
import { ListJobsController } from './list-jobs.controller.js';
import { RunController } from './run.controller.js';

const FIVE: readonly Type<object>[] = [
  RunController,
  JobInfoController,
  ListJobsController,
  CancelController,
  DeleteController,
];

/**
 * The controllers of the job API.
 *
 * @param prefix where a host backend wants them, and then only there; absent: at the root, below `/api/job`,
 *   and the list at `/api/list_jobs` besides
 */
export function jobApiControllers(prefix?: string): Type<object>[] {
  if (prefix !== undefined) return FIVE.map((base) => routedAt(prefix, base));
  const aliases = FIVE.map((base) => undocumented(routedAt('api/job', base)));
  return [
    ...FIVE.map((base) => routedAt('', base)),
    ...aliases,
    undocumented(routedAt('api', ListJobsController)),
  ];
}

import { type Type } from '@nestjs/common';
import { routedAt } from '../../http/routed-at.js';
import { undocumented } from '../../http/undocumented.js';
import { AgentReportsController } from '../agents/agent-reports.controller.js';
import { AgentsController } from './agents.controller.js';
import { CancelController } from './cancel.controller.js';
import { DeleteController } from './delete.controller.js';
import { JobEventsController } from './job-events.controller.js';
import { JobInfoController } from './job-info.controller.js';
import { JobOutputController } from './output/job-output.controller.js';
import { ListJobsController } from './list-jobs.controller.js';
import { RunController } from './run.controller.js';

const ALL: readonly Type<object>[] = [
  RunController,
  JobInfoController,
  JobEventsController,
  JobOutputController,
  ListJobsController,
  CancelController,
  DeleteController,
  AgentsController,
];

/**
 * The controllers of the job API, and of what agents report.
 *
 * @param prefix where a host backend wants them, and then only there; absent: at the root, those of the job API below
 *   `/api/job` too, and the list at `/api/list_jobs` besides
 */
export function jobApiControllers(prefix?: string): Type<object>[] {
  const reports = undocumented(routedAt(prefix ?? '', AgentReportsController));
  if (prefix !== undefined) return [...ALL.map((base) => routedAt(prefix, base)), reports];
  const aliases = ALL.map((base) => undocumented(routedAt('api/job', base)));
  return [
    ...ALL.map((base) => routedAt('', base)),
    ...aliases,
    undocumented(routedAt('api', ListJobsController)),
    reports,
  ];
}

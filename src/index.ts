/** What a host backend imports. */
export { JobManagerModule, type JobManagerExtras, type JobManagerOptions } from './job-manager.module.js';
export { type Caller } from './auth/auth.port.js';
export { ConfigError } from './config/faults.js';
export { DomainError, type ErrorCode } from './kernel/errors.js';
export { type Enclosure } from './execution/runner/sandbox/enclosure.js';
export { type Enclosed, Sandbox, SandboxUnavailableError } from './execution/runner/sandbox/sandbox.js';
export { JobsService } from './jobs/jobs.service.js';
export {
  type JobFilter,
  type JobOutput,
  type JobPage,
  type JobView,
  type RunRequest,
  type VisibleState,
} from './jobs/job.types.js';

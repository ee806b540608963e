/** What a host backend imports. */
export { JobManagerModule, type JobManagerExtras, type JobManagerOptions } from './job-manager.module.js';
export { type Caller } from './auth/auth.port.js';
export { type CallerOf, type HostCall, type HostGuard } from './auth/host-guard.js';
export { ConfigError } from './config/faults.js';
export { DomainError, type ErrorCode } from './kernel/errors.js';
export { type Enclosure } from './execution/runner/sandbox/enclosure.js';
export { type Enclosed, Sandbox, SandboxUnavailableError } from './execution/runner/sandbox/sandbox.js';
export { type HostRunRequest } from './jobs/api/contract-requests.js';
export { isJobManagerRoute } from './http/routed-at.js';
export { HOST_CALLER, JobManager, type WaitOptions } from './jobs/job-manager.js';
export { type FollowOptions } from './jobs/output/job-following.js';
export {
  type AttemptBegun,
  type BytesWritten,
  type OutputCursor,
  type OutputEvent,
} from './jobs/output/output-event.js';
export { type OutputPosition, type OutputStream } from './execution/live-output.port.js';
export { type JobEvent, type JobEventType } from './jobs/job.events.js';
export { type JobEndListener } from './jobs/waiting/job-ends.js';
export { type EndState, type JobEnd } from './execution/end-news.port.js';
export {
  type JobFilter,
  type JobOutput,
  type JobPage,
  type JobView,
  type RunOptions,
  type VisibleState,
} from './jobs/job.types.js';

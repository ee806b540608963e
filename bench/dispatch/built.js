/** The parts of the service that simulated agents and the measuring use, as they were built, with the types of their sources. */
/* eslint-disable @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet */

/** @param {string} path below dist */
const built = (path) => new URL(`../../dist/${path}`, import.meta.url).href;

/** @type {typeof import('../../src/execution/agent/lease-keeper.js')} */
export const { LeaseKeeper } = await import(built('execution/agent/lease-keeper.js'));
/** @type {typeof import('../../src/execution/attempt-files.port.js')} */
export const { attemptFileId } = await import(built('execution/attempt-files.port.js'));
/** @type {typeof import('../../src/execution/reports/http-job-reports.js')} */
export const { HttpJobReports } = await import(built('execution/reports/http-job-reports.js'));
/** @type {typeof import('../../src/execution/queue/redis/redis-feed.js')} */
export const { RedisFeed } = await import(built('execution/queue/redis/redis-feed.js'));
/** @type {typeof import('../../src/jobs/job-queue.query.js')} */
export const { firstJobsStatement, subsetsOf } = await import(built('jobs/job-queue.query.js'));
/** @type {typeof import('../../src/execution/agent/persistently.js')} */
export const { persistently } = await import(built('execution/agent/persistently.js'));
/** @type {typeof import('../../src/execution/stop-token.js')} */
export const { StopToken } = await import(built('execution/stop-token.js'));

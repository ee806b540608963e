import { type AuthOptions } from './auth/auth.module.js';
import { apiKeysIn } from './config/auth.settings.js';
import { type AppConfig } from './config/config.js';
import { listed } from './config/parsers.js';
import { type DataDirectory } from './data-directory/data-directory.js';
import { type DataManagerOptions } from './data-manager/index.js';
import { type ExecutionOptions } from './execution/execution.module.js';
import { type Allowance, type JobsOptions } from './jobs/jobs.options.js';

/** What the settings are for each part of the job manager. */
export function authOptions(settings: AppConfig): AuthOptions {
  switch (settings.auth) {
    case 'none':
      return { kind: 'none' };
    case 'api-key': {
      const keys = apiKeysIn(settings.apiKeys ?? '') ?? [];
      return {
        kind: 'api-key',
        keys: keys.map(({ sha256, ...caller }) => ({ ...caller, sha256: Buffer.from(sha256, 'hex') })),
      };
    }
    case 'jwt': {
      const { jwtSecret: secret, jwtJwksUrl: jwksUrl, jwtIssuer: issuer, jwtAudience: audience } = settings;
      return { kind: 'jwt', secret, jwksUrl, issuer, audience };
    }
  }
}

export function dataManagerOptions(settings: AppConfig, { files }: DataDirectory): DataManagerOptions {
  const { dataManagerUrl: url, dataManagerToken: token, maxStoredBytesPerUser: most } = settings;
  const { uploadTtlSeconds } = settings;
  return {
    directory: files,
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
    ...(most === undefined ? {} : { maxBytesPerOwner: most }),
    ...(uploadTtlSeconds === undefined ? {} : { uploadTtlSeconds }),
  };
}

export function executionOptions({ redisUrl, redisPrefix, agentLabels }: AppConfig): ExecutionOptions {
  return {
    redis: redisUrl === undefined ? null : { url: redisUrl, prefix: redisPrefix },
    labels: listed(agentLabels),
  };
}

export function jobsOptions(settings: AppConfig): JobsOptions {
  const { defaultTtl, maxQueuedJobs, agentLostSeconds, tombstoneDays, idempotencyHours, agentToken } =
    settings;
  const { maxWaitingPerUser, maxRunningPerUser, retentionSeconds } = settings;
  return {
    maxQueuedJobs,
    agentLostSeconds,
    tombstoneDays,
    idempotencyHours,
    isShared: settings.redisUrl !== undefined,
    keepsFiles: settings.dataManagerUrl === undefined,
    webhooks: webhookOptions(settings),
    ...allowancesOf(settings),
    ...(maxWaitingPerUser === undefined ? {} : { maxWaitingPerUser }),
    ...(maxRunningPerUser === undefined ? {} : { maxRunningPerUser }),
    ...(retentionSeconds === undefined ? {} : { retentionMs: retentionSeconds * 1_000 }),
    ...(agentToken === undefined ? {} : { agentToken }),
    ...(defaultTtl === undefined ? {} : { defaultTtl }),
  };
}

function webhookOptions(settings: AppConfig): JobsOptions['webhooks'] {
  const { webhookSecret: secret, webhookAllowPrivate: allowPrivate, webhookRetrySeconds } = settings;
  return { allowPrivate, retryMs: webhookRetrySeconds * 1_000, ...(secret === undefined ? {} : { secret }) };
}

function allowancesOf(settings: AppConfig): Pick<JobsOptions, 'allowances'> {
  const allowances = {
    timeout: allowance(settings.defaultTimeout, settings.maxTimeout),
    cpuSeconds: allowance(settings.defaultCpuSeconds, settings.maxCpuSeconds),
    memoryBytes: allowance(settings.defaultMemoryBytes, settings.maxMemoryBytes),
    pids: allowance(settings.defaultPids, settings.maxPids),
    diskBytes: allowance(settings.defaultDiskBytes, settings.maxDiskBytes),
    openFiles: allowance(undefined, settings.maxOpenFiles),
  };
  const isAnySet = Object.values(allowances).some((one) => Object.keys(one).length > 0);
  return isAnySet ? { allowances } : {};
}

function allowance(usual: number | undefined, most: number | undefined): Allowance {
  return { ...(usual !== undefined && { usual }), ...(most !== undefined && { most }) };
}

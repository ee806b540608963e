import { ConfigurableModuleBuilder, type DynamicModule, Module } from '@nestjs/common';
import { AgentModule } from './agent.module.js';
import { AuthModule, type AuthOptions } from './auth/auth.module.js';
import { apiKeysIn } from './config/auth.settings.js';
import { type AppConfig, type ConfigOptions } from './config/config.js';
import { listed } from './config/parsers.js';
import { DataDirectory } from './data-directory/data-directory.js';
import { DataManagerModule, type DataManagerOptions } from './data-manager/index.js';
import { DatabaseModule } from './database/database.module.js';
import { dialectOf } from './database/database-url.js';
import { MIGRATIONS } from './database/migrations/index.js';
import { type Sandbox } from './execution/runner/sandbox/sandbox.js';
import { ExecutionModule, type ExecutionOptions } from './execution/execution.module.js';
import { FileCallersModule } from './file-callers.module.js';
import { jobApiControllers } from './jobs/api/job-api-controllers.js';
import { entitiesFor } from './jobs/entities.js';
import { JobStoreModule } from './jobs/job-store.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { type Allowance, JOBS_OPTIONS, type JobsOptions } from './jobs/jobs.options.js';
import { RateLimitModule } from './rate-limit.module.js';
import { SETTINGS, SettingsModule } from './settings.module.js';

/** The settings of the job manager, each optional: `.env.example` lists them, with their defaults. */
export type JobManagerOptions = ConfigOptions;

/** What must be known before anything is injected. */
export interface JobManagerExtras {
  /** All routes live below it, and only there; absent: at the root and below `api/job`. */
  readonly prefix?: string;
  /** In place of the one that the option `sandbox` names. */
  readonly commandSandbox?: Sandbox;
}

const OPTIONS = Symbol('JobManagerOptions');

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<JobManagerOptions>({
  optionsInjectionToken: OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras<JobManagerExtras>({}, (definition, extras) => assemble(definition, extras))
  .build();

/** The job manager as a module: its API, its database, its queue, and an agent unless `agentConcurrency` is 0. */
@Module({})
export class JobManagerModule extends ConfigurableModuleClass {}

function assemble(given: DynamicModule, { prefix, commandSandbox }: JobManagerExtras): DynamicModule {
  const settings = SettingsModule.register(given, OPTIONS);
  const database = databaseOf(settings, prefix);
  const store = JobStoreModule.register({
    imports: [settings, database],
    options: { provide: JOBS_OPTIONS, inject: [SETTINGS], useFactory: jobsOptions },
  });
  const execution = ExecutionModule.register({
    imports: [settings, store],
    inject: [SETTINGS],
    useFactory: executionOptions,
  });
  const auth = AuthModule.register({ imports: [settings], inject: [SETTINGS], useFactory: authOptions });
  const rates = RateLimitModule.register(settings);
  const callers = FileCallersModule.register({ imports: [store, auth] });
  const files = filesOf([settings, callers, rates], prefix);
  const jobs = JobsModule.register({
    imports: [settings, store, execution, files, auth, rates],
    controllers: jobApiControllers(prefix),
  });
  const agent = AgentModule.register({
    imports: [settings, execution, jobs, files],
    sandbox: commandSandbox,
  });
  return { module: given.module, imports: [settings, database, jobs, agent], exports: [jobs, database] };
}

function databaseOf(settings: DynamicModule, prefix = ''): DynamicModule {
  return DatabaseModule.register({
    name: `job-manager${prefix === '' ? '' : `:${prefix}`}`,
    imports: [settings],
    // The directory too: nobody may touch the database before this process holds it.
    inject: [SETTINGS, DataDirectory],
    useFactory: ({ databaseUrl, tablePrefix }: AppConfig) => {
      const target = { dialect: dialectOf(databaseUrl), tablePrefix };
      return { url: databaseUrl, tablePrefix, entities: entitiesFor(target), migrations: MIGRATIONS };
    },
  });
}

function filesOf(imports: DynamicModule[], prefix: string | undefined): DynamicModule {
  return DataManagerModule.registerAsync({
    imports,
    serveAt: prefix === undefined ? ['', 'v1'] : [prefix, `${prefix}/v1`],
    inject: [SETTINGS, DataDirectory],
    useFactory: dataManagerOptions,
  });
}

function dataManagerOptions(settings: AppConfig, { files }: DataDirectory): DataManagerOptions {
  const { dataManagerUrl: url, dataManagerToken: token, maxStoredBytesPerUser: most } = settings;
  return {
    directory: files,
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
    ...(most === undefined ? {} : { maxBytesPerOwner: most }),
  };
}

function authOptions(settings: AppConfig): AuthOptions {
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

function executionOptions({ redisUrl, redisPrefix, agentLabels }: AppConfig): ExecutionOptions {
  return {
    redis: redisUrl === undefined ? null : { url: redisUrl, prefix: redisPrefix },
    labels: listed(agentLabels),
  };
}

function jobsOptions(settings: AppConfig): JobsOptions {
  const { defaultTtl, maxQueuedJobs, agentLostSeconds, tombstoneDays, agentToken } = settings;
  const { maxWaitingPerUser, maxRunningPerUser } = settings;
  return {
    maxQueuedJobs,
    agentLostSeconds,
    tombstoneDays,
    isShared: settings.redisUrl !== undefined,
    keepsFiles: settings.dataManagerUrl === undefined,
    ...allowancesOf(settings),
    ...(maxWaitingPerUser === undefined ? {} : { maxWaitingPerUser }),
    ...(maxRunningPerUser === undefined ? {} : { maxRunningPerUser }),
    ...(agentToken === undefined ? {} : { agentToken }),
    ...(defaultTtl === undefined ? {} : { defaultTtl }),
  };
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

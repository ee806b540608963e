import {
  ConfigurableModuleBuilder,
  type DynamicModule,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type Provider,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { type Registry } from 'prom-client';
import { type DataSource } from 'typeorm';
import { AgentModule } from './agent.module.js';
import { AuthModule } from './auth/auth.module.js';
import { type HostGuard } from './auth/host-guard.js';
import { type AppConfig, type ConfigOptions } from './config/config.js';
import { DataDirectory } from './data-directory/data-directory.js';
import { DataManagerModule } from './data-manager/index.js';
import { Database } from './database/database.js';
import { type Sandbox } from './execution/runner/sandbox/sandbox.js';
import { ExecutionModule } from './execution/execution.module.js';
import { FileCallersModule } from './file-callers.module.js';
import { GuestRoutes } from './http/host/guest-routes.js';
import { globalPrefixOf } from './http/host/global-prefix.js';
import { OwnRoutes } from './http/host/own-routes.js';
import { databaseOf } from './job-manager.database.js';
import { authOptions, dataManagerOptions, executionOptions, jobsOptions } from './job-manager.options.js';
import { jobApiControllers } from './jobs/api/job-api-controllers.js';
import { JobStoreModule } from './jobs/job-store.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { JOBS_OPTIONS } from './jobs/jobs.options.js';
import { MetricsModule } from './metrics/metrics.module.js';
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
  /** In the place of `auth`: a guard of the host's, or a function from its request to `{user, role}`. */
  readonly guard?: HostGuard;
  /**
   * In the place of `databaseUrl`: a data source of the host's, or its injection token. Our tables are made where it leads,
   * over connections of our own.
   */
  readonly dataSource?: DataSource | InjectionToken;
  /** A registry of prom-client's into which the metrics go; whoever serves it serves them. */
  readonly metrics?: Registry;
  /** What exports that token, and what the guard has to be given. */
  readonly imports?: ModuleMetadata['imports'];
}

const OPTIONS = Symbol('JobManagerOptions');

/** Named, so that the builder takes them out of the settings. */
const NO_EXTRAS: { readonly [Key in keyof Required<JobManagerExtras>]: JobManagerExtras[Key] | undefined } = {
  prefix: undefined,
  commandSandbox: undefined,
  guard: undefined,
  dataSource: undefined,
  metrics: undefined,
  imports: undefined,
};

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<JobManagerOptions>({
  optionsInjectionToken: OPTIONS,
})
  .setClassMethodName('forRoot')
  .setExtras(NO_EXTRAS as JobManagerExtras, (definition, extras) => assemble(definition, extras))
  .build();

/** The job manager as a module: its API, its database, its queue, and an agent unless `agentConcurrency` is 0. */
@Module({})
export class JobManagerModule extends ConfigurableModuleClass {}

function assemble(given: DynamicModule, extras: JobManagerExtras): DynamicModule {
  const { prefix, commandSandbox, guard, dataSource, metrics: registry } = extras;
  const imports = [...(given.imports ?? []), ...(extras.imports ?? [])];
  const isGuarded = guard !== undefined;
  const settings = SettingsModule.register(given, OPTIONS, {
    guard: isGuarded,
    dataSource: dataSource !== undefined,
  });
  const database = databaseOf({ settings, prefix, dataSource, imports });
  const store = JobStoreModule.register({
    imports: [settings, database],
    options: { provide: JOBS_OPTIONS, inject: [SETTINGS], useFactory: jobsOptions },
  });
  const execution = ExecutionModule.register({
    imports: [settings, store],
    inject: [SETTINGS],
    useFactory: executionOptions,
  });
  const auth = isGuarded
    ? AuthModule.byHost(imports, guard)
    : AuthModule.register({ imports: [settings], inject: [SETTINGS], useFactory: authOptions });
  const rates = RateLimitModule.register(settings, isGuarded);
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
  const guest = guestOf([jobs, files], prefix);
  const measured = { imports: [jobs, store, database], pool: Database };
  const metrics = registry === undefined ? [] : [MetricsModule.inRegistry({ ...measured, registry })];
  return {
    module: given.module,
    imports: [settings, database, store, auth, jobs, agent, ...metrics],
    providers: [guest],
    exports: [jobs, store, auth, database],
  };
}

function guestOf(modules: readonly DynamicModule[], prefix = ''): Provider {
  const controllers = modules.flatMap((module) => module.controllers ?? []) as Type<object>[];
  return {
    provide: GuestRoutes,
    inject: [HttpAdapterHost, ModuleRef, SETTINGS],
    useFactory: (adapterHost: HttpAdapterHost, module: ModuleRef, { maxBodyBytes }: AppConfig) => {
      const routes = new OwnRoutes(controllers, prefix, () => globalPrefixOf(module));
      return new GuestRoutes(adapterHost, { routes, maxBodyBytes });
    },
  };
}

function filesOf(imports: DynamicModule[], prefix: string | undefined): DynamicModule {
  return DataManagerModule.registerAsync({
    imports,
    serveAt: prefix === undefined ? ['', 'v1'] : [prefix, `${prefix}/v1`],
    inject: [SETTINGS, DataDirectory],
    useFactory: dataManagerOptions,
  });
}

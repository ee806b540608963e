import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { type AppConfig } from './config/config.js';
import { DataDirectory } from './data-directory/data-directory.js';
import { FileStore } from './data-manager/index.js';
import { Agent } from './execution/agent/agent.js';
import { AgentLifecycle } from './execution/agent/agent.lifecycle.js';
import { JobDispatcher } from './execution/job-dispatcher.port.js';
import { JobReports } from './execution/job-reports.port.js';
import { Launcher } from './execution/runner/launcher.js';
import { NodeLauncher } from './execution/runner/node-launcher.js';
import { SETTINGS } from './settings.module.js';

/** What runs jobs. Does nothing where `agentConcurrency` is 0. */
@Module({})
export class AgentModule {
  /** `imports` must provide the settings, `JobDispatcher`, `JobReports` and `FileStore`. */
  static register({ imports }: Required<Pick<ModuleMetadata, 'imports'>>): DynamicModule {
    const launcher = {
      provide: Launcher,
      inject: [DataDirectory],
      useFactory: ({ instanceId }: DataDirectory) => new NodeLauncher({ instance: instanceId }),
    };
    const agent = {
      provide: Agent,
      inject: [SETTINGS, DataDirectory, JobDispatcher, JobReports, FileStore, Launcher],
      useFactory: createAgent,
    };
    const lifecycle = {
      provide: AgentLifecycle,
      inject: [SETTINGS, Agent, Launcher, DataDirectory],
      useFactory: (
        settings: AppConfig,
        agent: Agent,
        launcher: Launcher,
        { instanceId, work }: DataDirectory,
      ) =>
        settings.agentConcurrency === 0
          ? null
          : new AgentLifecycle(agent, launcher, { instanceId, workRoot: work }),
    };
    return { module: AgentModule, imports, providers: [launcher, agent, lifecycle] };
  }
}

function createAgent(
  settings: AppConfig,
  directory: DataDirectory,
  ...[dispatcher, reports, files, launcher]: [JobDispatcher, JobReports, FileStore, Launcher]
): Agent {
  const options = {
    workRoot: directory.work,
    killGraceMs: settings.killGraceSeconds * 1_000,
    maxOutputBytes: settings.maxOutputBytes,
  };
  return new Agent(
    dispatcher,
    { reports, files, launcher, options },
    {
      name: `agent-${directory.instanceId.slice(0, 8)}`,
      concurrency: settings.agentConcurrency,
      leaseMs: settings.agentLostSeconds * 1_000,
      shutdownGraceMs: settings.shutdownGraceSeconds * 1_000,
    },
  );
}

import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { type AgentConfig } from './config/agent-config.js';
import { listed } from './config/parsers.js';
import { DataDirectory } from './data-directory/data-directory.js';
import { FileStore } from './data-manager/index.js';
import { Agent } from './execution/agent/agent.js';
import { AgentLifecycle } from './execution/agent/agent.lifecycle.js';
import { JobFeed } from './execution/job-dispatcher.port.js';
import { JobReports } from './execution/job-reports.port.js';
import { Launcher } from './execution/runner/launcher.js';
import { LauncherClient } from './execution/runner/launcher-client.js';
import { Workspaces } from './execution/runner/workspaces.js';
import { SETTINGS } from './settings.module.js';

/** Of the directory's UUID: with ten thousand agents two share a name once in millions of times. */
const NAME_DIGITS = 12;

type AgentSettings = Pick<
  AgentConfig,
  | 'agentConcurrency'
  | 'agentLabels'
  | 'killGraceSeconds'
  | 'launcher'
  | 'maxOutputBytes'
  | 'shutdownGraceSeconds'
>;

/** What runs jobs. Does nothing where `agentConcurrency` is 0. */
@Module({})
export class AgentModule {
  /** `imports` must provide the settings, `JobFeed`, `JobReports` and `FileStore`. */
  static register({ imports }: Required<Pick<ModuleMetadata, 'imports'>>): DynamicModule {
    const launcher = {
      provide: Launcher,
      inject: [SETTINGS, DataDirectory],
      useFactory: ({ launcher: program }: AgentSettings, { instanceId: instance }: DataDirectory) =>
        new LauncherClient(program === 'auto' ? { instance } : { instance, program }),
    };
    const workspaces = {
      provide: Workspaces,
      inject: [DataDirectory],
      useFactory: ({ work }: DataDirectory) => new Workspaces(work),
    };
    const agent = {
      provide: Agent,
      inject: [SETTINGS, DataDirectory, JobFeed, JobReports, FileStore, Launcher, Workspaces],
      useFactory: createAgent,
    };
    const lifecycle = {
      provide: AgentLifecycle,
      inject: [SETTINGS, DataDirectory, Agent, Launcher, Workspaces],
      useFactory: (
        { agentConcurrency }: AgentSettings,
        { instanceId }: DataDirectory,
        ...[agent, launcher, workspaces]: [Agent, Launcher, Workspaces]
      ) => (agentConcurrency === 0 ? null : new AgentLifecycle(agent, { launcher, workspaces, instanceId })),
    };
    return { module: AgentModule, imports, providers: [launcher, workspaces, agent, lifecycle] };
  }
}

function createAgent(
  settings: AgentSettings,
  directory: DataDirectory,
  ...[feed, reports, files, launcher, workspaces]: [JobFeed, JobReports, FileStore, Launcher, Workspaces]
): Agent {
  const options = {
    killGraceMs: settings.killGraceSeconds * 1_000,
    maxOutputBytes: settings.maxOutputBytes,
  };
  return new Agent(
    feed,
    { reports, files, launcher, workspaces, options },
    {
      card: {
        name: `agent-${directory.instanceId.replaceAll('-', '').slice(0, NAME_DIGITS)}`,
        labels: listed(settings.agentLabels),
        concurrency: settings.agentConcurrency,
        generation: directory.generation,
      },
      shutdownGraceMs: settings.shutdownGraceSeconds * 1_000,
    },
  );
}

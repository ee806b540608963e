import { resolve } from 'node:path';
import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { type AgentConfig } from './config/agent-config.js';
import { listed } from './config/parsers.js';
import { DataDirectory } from './data-directory/data-directory.js';
import { FileStore } from './data-manager/index.js';
import { Agent } from './execution/agent/agent.js';
import { AgentLifecycle } from './execution/agent/agent.lifecycle.js';
import { JobFeed } from './execution/job-dispatcher.port.js';
import { RunningOutputs } from './execution/agent/running-outputs.js';
import { OutputDesk } from './execution/live-output.port.js';
import { JobReports } from './execution/job-reports.port.js';
import { Launcher } from './execution/runner/launcher.js';
import { LauncherClient } from './execution/runner/launcher-client.js';
import { Bubblewrap } from './execution/runner/sandbox/bubblewrap.js';
import { NoSandbox, Sandbox } from './execution/runner/sandbox/sandbox.js';
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
  | 'sandbox'
  | 'shutdownGraceSeconds'
>;

type AgentParts = [JobFeed, OutputDesk, JobReports, FileStore, Launcher, Workspaces];

export interface AgentModuleOptions {
  /** Must provide the settings, `JobFeed`, `OutputDesk`, `JobReports` and `FileStore`. */
  readonly imports: Required<ModuleMetadata>['imports'];
  /** In place of the one that the settings name. */
  readonly sandbox?: Sandbox | undefined;
}

/** What runs jobs. Does nothing where `agentConcurrency` is 0. */
@Module({})
export class AgentModule {
  static register({ imports, sandbox: given }: AgentModuleOptions): DynamicModule {
    const sandbox = {
      provide: Sandbox,
      inject: [SETTINGS, DataDirectory],
      useFactory: (settings: AgentSettings, directory: DataDirectory) =>
        given ?? sandboxOf(settings, directory),
    };
    const launcher = {
      provide: Launcher,
      inject: [SETTINGS, DataDirectory, Sandbox],
      useFactory: (
        { launcher: program }: AgentSettings,
        { instanceId: instance }: DataDirectory,
        ...[chosen]: [Sandbox]
      ) => new LauncherClient({ instance, sandbox: chosen, ...(program === 'auto' ? {} : { program }) }),
    };
    const workspaces = {
      provide: Workspaces,
      inject: [DataDirectory, Sandbox],
      useFactory: ({ work }: DataDirectory, { user }: Sandbox) => new Workspaces(work, user),
    };
    const agent = {
      provide: Agent,
      inject: [SETTINGS, DataDirectory, JobFeed, OutputDesk, JobReports, FileStore, Launcher, Workspaces],
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
    return { module: AgentModule, imports, providers: [sandbox, launcher, workspaces, agent, lifecycle] };
  }
}

function sandboxOf({ sandbox }: AgentSettings, { path }: DataDirectory): Sandbox {
  if (sandbox !== 'bubblewrap') return new NoSandbox();
  return new Bubblewrap({ dataDirectory: path, hiddenFiles: [resolve('.env')] });
}

function createAgent(
  settings: AgentSettings,
  directory: DataDirectory,
  ...[feed, desk, reports, files, launcher, workspaces]: AgentParts
): Agent {
  const options = {
    killGraceMs: settings.killGraceSeconds * 1_000,
    maxOutputBytes: settings.maxOutputBytes,
  };
  return new Agent(
    feed,
    { reports, files, launcher, workspaces, outputs: new RunningOutputs(desk), options },
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

import { mkdir } from 'node:fs/promises';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Launcher } from '../runner/launcher.js';
import { endLeftovers } from '../runner/leftovers.js';
import { listWorkspaces, Workspace } from '../runner/workspace.js';
import { type Agent } from './agent.js';

export interface AgentHome {
  /** UUID of the data directory: marks all processes that are started from it. */
  readonly instanceId: string;
  /** Absolute path of the directory that holds the working directories. */
  readonly workRoot: string;
}

/** Starts an agent on clean ground, and ends it without leaving anything behind. */
export class AgentLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Agent');

  constructor(
    private readonly agent: Agent,
    private readonly launcher: Launcher,
    private readonly home: AgentHome,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.removeTraces();
    await mkdir(this.home.workRoot, { recursive: true, mode: 0o700 });
    const containment = await this.launcher.start();
    this.logger.log(`processes are contained by: ${containment}`);
    await this.agent.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.agent.drain();
    await this.launcher.close();
  }

  /** What can't be removed, such as an immutable file, must not keep the service from starting. */
  private async removeWorkspace(key: string): Promise<void> {
    try {
      await Workspace.open(this.home.workRoot, key).remove();
    } catch (error) {
      this.logger.error({ err: error, key }, 'a working directory of an earlier run can not be removed');
    }
  }

  /** Of an earlier process that was killed: first what runs, then where it ran. */
  private async removeTraces(): Promise<void> {
    const { instanceId, workRoot } = this.home;
    const processes = await endLeftovers(instanceId);
    const keys = await listWorkspaces(workRoot);
    for (const key of keys) await this.removeWorkspace(key);
    if (processes + keys.length > 0) {
      this.logger.warn(
        `removed ${processes} processes and ${keys.length} working directories of an earlier run`,
      );
    }
  }
}

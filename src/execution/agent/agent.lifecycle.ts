import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { LIMIT_WORDS } from '../limits.port.js';
import { type Launcher, type LauncherProgram } from '../runner/launcher.js';
import { endLeftovers, removeAbandonedCgroups } from '../runner/leftovers.js';
import { type Workspaces } from '../runner/workspaces.js';
import { type Agent } from './agent.js';

export interface AgentHome {
  readonly launcher: Launcher;
  readonly workspaces: Workspaces;
  /** UUID of the data directory: marks all processes that are started from it. */
  readonly instanceId: string;
}

const NAMES: Readonly<Record<LauncherProgram, string>> = {
  native: 'native launcher',
  'node-perl': 'launcher in Node with Perl, which is slower than the native one (npm run build:native)',
  'node-shell':
    'launcher in Node with a shell, which is slower than the one with Perl, and than the native one (npm run build:native)',
};

/** Killing all that runs takes a fraction of a second. */
const CLOSE_WITHIN_MS = 3_000;

/** Starts an agent on clean ground, and ends it without leaving anything behind. */
export class AgentLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Agent');

  constructor(
    private readonly agent: Agent,
    private readonly home: AgentHome,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.removeTraces();
    const { program, containment, sandbox, enforces, means } = await this.home.launcher.start();
    this.logger.log(
      `commands are started by the ${NAMES[program]}, contained by: ${containment}, sandbox: ${sandbox}`,
    );
    const limits = enforces.map((name) => LIMIT_WORDS[name]).join(', ');
    this.logger.log(`limits that can be enforced here: ${limits}; by: ${means}`);
    await this.agent.start(enforces);
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.agent.drain();
    await this.closeLauncher();
    await this.home.workspaces.dispose();
  }

  /** What the kernel lets nobody kill, such as a process that is frozen or waits for a disk that is away, is not waited for. */
  private async closeLauncher(): Promise<void> {
    const overdue = delay(CLOSE_WITHIN_MS, 'overdue', { ref: false });
    if ((await Promise.race([this.home.launcher.close(), overdue])) === 'overdue')
      this.logger.error('a command can not be killed: the launcher goes on trying without this process');
  }

  /** Of an earlier process that was killed: first what runs, then where it ran. */
  private async removeTraces(): Promise<void> {
    const { instanceId, workspaces } = this.home;
    const processes = await endLeftovers(instanceId);
    removeAbandonedCgroups();
    // What can't be removed, such as an immutable file, must not keep the service from starting.
    const directories = await workspaces.prepare((error, path) => {
      this.logger.error({
        err: error,
        path,
        msg: 'a working directory of an earlier run can not be removed',
      });
    });
    if (processes + directories > 0) {
      this.logger.warn(
        `removed ${processes} processes and ${directories} working directories of an earlier run`,
      );
    }
  }
}

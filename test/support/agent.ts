import { fieldIn, ProcessUnderTest, type TestProcess } from './process-under-test.js';
import { temporaryDirectory } from './temporary-directory.js';

/** An agent of the test's own: the built `dist/agent.js` in a process of its own. */
export interface TestAgent extends TestProcess {
  /** As job_info and the list of agents call it. */
  readonly name: string;
}

export interface AgentOptions {
  /** Settings on top of `DATA_DIR` and short graces: at least `REDIS_URL`, `SERVER_URL` and `DATA_MANAGER_URL`. */
  readonly env: Readonly<Record<string, string>>;
  /** A temporary one of its own where absent. */
  readonly dataDir?: string;
}

/**
 * Starts an agent and waits until it takes jobs. It is stopped at the end of the test file if not before; the
 * file then fails if a process of it is left.
 */
export async function startAgent({ env, dataDir }: AgentOptions): Promise<AgentUnderTest> {
  const agent = new AgentUnderTest(dataDir ?? (await temporaryDirectory()), {
    SHUTDOWN_GRACE_SECONDS: '1',
    KILL_GRACE_SECONDS: '1',
    ...env,
  });
  await agent.up();
  return agent;
}

export class AgentUnderTest extends ProcessUnderTest implements TestAgent {
  constructor(dataDir: string, env: Readonly<Record<string, string>>) {
    super({ name: 'agent', script: 'agent.js', dataDir, env, announcedIn: nameIn });
  }

  get name(): string {
    return this.announced;
  }
}

function nameIn(line: string): string | undefined {
  return /^agent (\S+) runs \d+ jobs? at once/.exec(fieldIn(line, 'msg') ?? '')?.[1];
}

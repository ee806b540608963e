import { Get } from '@nestjs/common';
import { type Caller } from '../../auth/auth.port.js';
import { AgentList } from '../agents/agent-list.js';
import { CurrentCaller } from './current-caller.js';
import { DescribeAgents } from './docs/agents.docs.js';
import { JobApi } from './job-api.js';

/** What `GET /agents` answers, in the words of the wire. */
interface AgentsAnswer {
  readonly agents: readonly {
    readonly name: string;
    readonly labels: readonly string[];
    readonly concurrency: number;
    readonly running_jobs: readonly string[];
    /** ISO 8601, UTC. */
    readonly seen_at: string;
  }[];
}

/** `GET /agents` tells which agents are alive, and what they run. */
@JobApi()
export class AgentsController {
  constructor(private readonly agents: AgentList) {}

  @Get('agents')
  @DescribeAgents()
  async list(@CurrentCaller() caller: Caller): Promise<AgentsAnswer> {
    const agents = await this.agents.forCaller(caller);
    return {
      agents: agents.map(({ name, labels, concurrency, runningJobs, seenAt }) => ({
        name,
        labels,
        concurrency,
        running_jobs: runningJobs,
        seen_at: new Date(seenAt).toISOString(),
      })),
    };
  }
}

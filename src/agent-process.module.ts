import { type DynamicModule, Module } from '@nestjs/common';
import { AgentModule } from './agent.module.js';
import { type AgentConfig } from './config/agent-config.js';
import { listed } from './config/parsers.js';
import { DataDirectory } from './data-directory/data-directory.js';
import { DataManagerModule } from './data-manager/index.js';
import { FeedModule } from './execution/execution.module.js';
import { HttpJobReports } from './execution/reports/http-job-reports.js';
import { JobReports } from './execution/job-reports.port.js';
import { SettingsModule } from './settings.module.js';

/** One answer of a server; several are asked in turn before a lease ends. */
const REPORT_TIMEOUT_MS = 5_000;

/** An agent in a process of its own: it knows servers, Redis and a data manager, and no database. */
@Module({})
export class AgentProcessModule {
  static forRoot(config: AgentConfig): DynamicModule {
    const settings = SettingsModule.of(config);
    const reports: DynamicModule = {
      module: ReportsModule,
      providers: [{ provide: JobReports, useFactory: () => reportsOver(config) }],
      exports: [JobReports],
    };
    const files = DataManagerModule.registerAsync({
      imports: [settings],
      inject: [DataDirectory],
      useFactory: (directory: DataDirectory) => ({
        directory: directory.files,
        url: config.dataManagerUrl,
        ...tokenOf(config.dataManagerToken ?? config.agentToken),
      }),
    });
    const feed = FeedModule.register({
      redis: { url: config.redisUrl, prefix: config.redisPrefix },
      labels: listed(config.agentLabels),
    });
    const agent = AgentModule.register({ imports: [settings, feed, reports, files] });
    return { module: AgentProcessModule, imports: [settings, agent] };
  }
}

@Module({})
class ReportsModule {}

function reportsOver({ serverUrl, agentToken }: AgentConfig): HttpJobReports {
  return new HttpJobReports({
    serverUrls: listed(serverUrl),
    timeoutMs: REPORT_TIMEOUT_MS,
    ...tokenOf(agentToken),
  });
}

function tokenOf(token: string | undefined): { token?: string } {
  return token === undefined ? {} : { token };
}

import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { type AgentConfig } from './config/agent-config.js';
import { type AppConfig, type ConfigOptions, type HostParts, resolveOptions } from './config/config.js';
import { DataDirectory } from './data-directory/data-directory.js';

/** Token of the validated settings of one job manager ({@link AppConfig}) or agent ({@link AgentConfig}). */
export const SETTINGS = Symbol('Settings');

/** The settings of one job manager, and the data directory that it holds while it lives. */
@Module({})
export class SettingsModule implements OnApplicationShutdown {
  constructor(@Inject(DataDirectory) private readonly directory: DataDirectory) {}

  /**
   * @param given provides the options as the host gave them under `token`
   * @param host what else it has given
   */
  static register(
    given: Pick<DynamicModule, 'imports' | 'providers'>,
    token: symbol | string,
    host: HostParts,
  ): DynamicModule {
    const settings: Provider = {
      provide: SETTINGS,
      inject: [token],
      useFactory: (options: ConfigOptions) => resolveOptions(options, host),
    };
    return assemble(settings, given);
  }

  /** Settings that were validated already. */
  static of(settings: AgentConfig): DynamicModule {
    return assemble({ provide: SETTINGS, useValue: settings }, {});
  }

  onApplicationShutdown(): void {
    this.directory.release();
  }
}

function assemble(settings: Provider, given: Pick<DynamicModule, 'imports' | 'providers'>): DynamicModule {
  const directory: Provider = {
    provide: DataDirectory,
    inject: [SETTINGS],
    useFactory: ({ dataDir }: Pick<AppConfig, 'dataDir'>) => DataDirectory.hold(dataDir),
  };
  return {
    module: SettingsModule,
    imports: given.imports ?? [],
    providers: [...(given.providers ?? []), settings, directory],
    exports: [SETTINGS, DataDirectory],
  };
}

import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { type AppConfig, type ConfigOptions, resolveOptions } from './config/config.js';
import { DataDirectory } from './data-directory/data-directory.js';

/** Token of the validated settings ({@link AppConfig}) of one job manager. */
export const SETTINGS = Symbol('Settings');

/** The settings of one job manager, and the data directory that it holds while it lives. */
@Module({})
export class SettingsModule implements OnApplicationShutdown {
  constructor(@Inject(DataDirectory) private readonly directory: DataDirectory) {}

  /** @param given provides the options as the host gave them under `token` */
  static register(
    given: Pick<DynamicModule, 'imports' | 'providers'>,
    token: symbol | string,
  ): DynamicModule {
    const settings: Provider = {
      provide: SETTINGS,
      inject: [token],
      useFactory: (options: ConfigOptions) => resolveOptions(options),
    };
    const directory: Provider = {
      provide: DataDirectory,
      inject: [SETTINGS],
      useFactory: ({ dataDir }: AppConfig) => DataDirectory.hold(dataDir),
    };
    return {
      module: SettingsModule,
      imports: given.imports ?? [],
      providers: [...(given.providers ?? []), settings, directory],
      exports: [SETTINGS, DataDirectory],
    };
  }

  onApplicationShutdown(): void {
    this.directory.release();
  }
}

import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { dataSourceOptions, type DatabaseOptions, makeDatabasePrivate } from './data-source.js';
import { Database } from './database.js';
import { isDatabaseAway } from './failure.js';
import { migrate } from './migrate.js';

const CONNECT_TRIES = 20;
const CONNECT_AGAIN_MS = 3_000;

export interface DatabaseModuleOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Names the data source, so that ours never is the host's. */
  readonly name: string;
  readonly inject: NonNullable<Parameters<typeof TypeOrmModule.forRootAsync>[0]['inject']>;
  readonly useFactory: (...dependencies: never[]) => DatabaseOptions;
  /** Whether it is a host's database, in which the host writes too. */
  readonly isShared: boolean;
}

/** A data source of our own, migrated before anybody gets it. Waits a minute for a database that is away. */
@Module({})
export class DatabaseModule {
  static register({
    name,
    imports = [],
    inject,
    useFactory,
    isShared,
  }: DatabaseModuleOptions): DynamicModule {
    const connection = TypeOrmModule.forRootAsync({
      name,
      imports,
      inject,
      useFactory: (...dependencies: unknown[]) => {
        const options = useFactory(...(dependencies as never[]));
        makeDatabasePrivate(options);
        const retrying = {
          retryAttempts: CONNECT_TRIES,
          retryDelay: CONNECT_AGAIN_MS,
          toRetry: isDatabaseAway,
        };
        return { ...dataSourceOptions(options), ...retrying };
      },
      dataSourceFactory: async (options) => {
        if (options === undefined) throw new TypeError('a data source without options');
        const source = await new DataSource(options).initialize();
        try {
          await migrate(source);
        } catch (error) {
          await source.destroy();
          throw error;
        }
        return source;
      },
    });
    const database = {
      provide: Database,
      inject: [getDataSourceToken(name)],
      useFactory: (source: DataSource) => new Database(source, isShared),
    };
    return { module: DatabaseModule, imports: [connection], providers: [database], exports: [Database] };
  }
}

import { type DynamicModule, type InjectionToken } from '@nestjs/common';
import { type DataSource } from 'typeorm';
import { type AppConfig } from './config/config.js';
import { ConfigError } from './config/faults.js';
import { DataDirectory } from './data-directory/data-directory.js';
import { DatabaseModule } from './database/database.module.js';
import { dialectOf } from './database/database-url.js';
import { dialectOfType } from './database/dialect.js';
import { obstacleBeside } from './database/host-connection.js';
import { MIGRATIONS } from './database/migrations/index.js';
import { entitiesFor } from './jobs/entities.js';
import { SETTINGS } from './settings.module.js';

export interface DatabaseParts {
  readonly settings: DynamicModule;
  readonly prefix: string | undefined;
  /** Of the host's, or its token. */
  readonly dataSource: DataSource | InjectionToken | undefined;
  readonly imports: NonNullable<DynamicModule['imports']>;
}

/** The database of the settings, or that of the host. */
export function databaseOf({ settings, prefix = '', dataSource, imports }: DatabaseParts): DynamicModule {
  const token = isDataSource(dataSource) ? undefined : dataSource;
  return DatabaseModule.register({
    name: `job-manager${prefix === '' ? '' : `:${prefix}`}`,
    imports: [settings, ...imports],
    isShared: dataSource !== undefined,
    // The directory too: nobody may touch the database before this process holds it.
    inject: [SETTINGS, DataDirectory, ...(token === undefined ? [] : [token])],
    useFactory: (config: AppConfig, _held: DataDirectory, injected?: DataSource) => {
      const host = isDataSource(dataSource) ? dataSource : injected;
      return { ...(host === undefined ? atUrl(config) : beside(host, config)), migrations: MIGRATIONS };
    },
  });
}

/** By what it has: the host's copy of TypeORM may be another one. */
function isDataSource(given: DataSource | InjectionToken | undefined): given is DataSource {
  return typeof given === 'object' && 'driver' in given;
}

type Target = Pick<Parameters<typeof entitiesFor>[0], 'tablePrefix'> & {
  readonly entities: ReturnType<typeof entitiesFor>;
};

function atUrl({ databaseUrl: url, tablePrefix }: AppConfig): Target & { url: string } {
  return { url, tablePrefix, entities: entitiesFor({ dialect: dialectOf(url), tablePrefix }) };
}

function beside(host: DataSource, { tablePrefix }: AppConfig): Target & { beside: DataSource } {
  const obstacle = obstacleBeside(host);
  if (obstacle !== undefined) throw new ConfigError([`dataSource ${obstacle}.`]);
  const dialect = dialectOfType(host.options.type);
  return { beside: host, tablePrefix, entities: entitiesFor({ dialect, tablePrefix }) };
}

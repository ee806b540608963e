/**
 * The data source of the TypeORM command line, for those who write migrations. The service itself does not read it.
 * `npm run typeorm -- migration:show`, and so on; see `docs/database.md`.
 */
import { type DataSource } from 'typeorm';
import { loadConfig } from './src/config/config.js';
import { readEnvironment } from './src/config/environment.js';
import { createDataSource } from './src/database/data-source.js';
import { dialectOf } from './src/database/database-url.js';
import { MIGRATIONS } from './src/database/migrations/index.js';
import { entitiesFor } from './src/jobs/entities.js';

const { databaseUrl, tablePrefix } = loadConfig(readEnvironment(process.env));
const target = { dialect: dialectOf(databaseUrl), tablePrefix };

const source: DataSource = createDataSource({
  url: databaseUrl,
  tablePrefix,
  entities: entitiesFor(target),
  migrations: MIGRATIONS,
});

export default source;

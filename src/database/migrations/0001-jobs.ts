import {
  type MigrationInterface,
  type QueryRunner,
  Table,
  type TableColumnOptions,
  type TableIndexOptions,
} from 'typeorm';
import { columnTypes, type ColumnType, type Dialect, dialectOfType } from '../dialect.js';

function named(runner: QueryRunner, name: string): string {
  return `${runner.dataSource.options.entityPrefix ?? ''}${name}`;
}

function column(
  name: string,
  { length, ...type }: ColumnType,
  more: Partial<TableColumnOptions> = {},
): TableColumnOptions {
  return { name, ...type, ...(length === undefined ? {} : { length: String(length) }), ...more };
}

function jobColumns(dialect: Dialect): TableColumnOptions[] {
  const { uuid, exact, longText, int, instant } = columnTypes(dialect);
  const optional = { isNullable: true };
  return [
    column('id', uuid, { isPrimary: true }),
    column('state', exact(10)),
    column('owner', exact(255)),
    column('name', exact(255), optional),
    column('command', longText),
    column('spec', longText),
    column('needs_staging', int),
    column('requires', exact(512)),
    column('labels', longText, optional),
    column('ttl', exact(20), optional),
    column('queue_rank', int),
    column('retries_left', int),
    column('attempt', int),
    column('lease_token', uuid, optional),
    column('lease_until', instant, optional),
    column('agent', exact(255), optional),
    column('not_before', instant, optional),
    column('answer_id', uuid, optional),
    column('stderr_id', uuid, optional),
    column('outputs', longText, optional),
    column('usage', longText, optional),
    column('exit_code', int, optional),
    column('signal', exact(16), optional),
    column('reason', longText, optional),
    column('created_at', instant),
    column('started_at', instant, optional),
    column('finished_at', instant, optional),
    column('expires_at', instant, optional),
    column('gone_at', instant, optional),
    column('cleanup_at', instant, optional),
    column('late_files_until', instant, optional),
  ];
}

function agentColumns(dialect: Dialect): TableColumnOptions[] {
  const { exact, int, instant } = columnTypes(dialect);
  return [
    column('name', exact(255), { isPrimary: true }),
    column('labels', exact(512)),
    column('concurrency', int),
    column('generation', int),
    column('enforces', exact(255)),
    column('seen_at', instant),
  ];
}

const JOB_INDEXES = {
  job_dispatch: ['state', 'requires', 'queue_rank', 'id'],
  job_list_by_state: ['owner', 'state', 'id'],
  job_list: ['owner', 'gone_at', 'id'],
};

/** Of instants that most jobs never have: SQLite leaves those out, and is spared them at each insert. */
const DUE_INDEXES = {
  job_lease: 'lease_until',
  job_not_before: 'not_before',
  job_expires: 'expires_at',
  job_gone: 'gone_at',
  job_cleanup: 'cleanup_at',
};

function jobIndexes(runner: QueryRunner, dialect: Dialect): TableIndexOptions[] {
  const indexes = Object.entries(JOB_INDEXES).map(([name, columnNames]) => ({
    name: named(runner, name),
    columnNames,
  }));
  const dueIndexes = Object.entries(DUE_INDEXES).map(([name, columnName]) => ({
    name: named(runner, name),
    columnNames: [columnName],
    ...(dialect === 'sqlite' ? { where: `${columnName} IS NOT NULL` } : {}),
  }));
  return [...indexes, ...dueIndexes];
}

/** The first schema: jobs, their labels, and the agents that run them. */
export class Jobs1700000000001 implements MigrationInterface {
  readonly name = 'Jobs1700000000001';

  async up(runner: QueryRunner): Promise<void> {
    const dialect = dialectOfType(runner.dataSource.options.type);
    const { uuid, exact } = columnTypes(dialect);
    const indices = jobIndexes(runner, dialect);
    const engine = dialect === 'mysql' ? { engine: 'InnoDB' } : {};
    await runner.createTable(
      new Table({ name: named(runner, 'jobs'), columns: jobColumns(dialect), indices, ...engine }),
    );
    await runner.createTable(
      new Table({
        name: named(runner, 'job_labels'),
        columns: [
          column('owner', exact(255), { isPrimary: true }),
          column('label', exact(200), { isPrimary: true }),
          column('outcome', exact(10), { isPrimary: true }),
          column('job_id', uuid, { isPrimary: true }),
        ],
        indices: [{ name: named(runner, 'job_label_job'), columnNames: ['job_id'] }],
        ...engine,
      }),
    );
    await runner.createTable(
      new Table({ name: named(runner, 'agents'), columns: agentColumns(dialect), ...engine }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(named(runner, 'agents'));
    await runner.dropTable(named(runner, 'job_labels'));
    await runner.dropTable(named(runner, 'jobs'));
  }
}

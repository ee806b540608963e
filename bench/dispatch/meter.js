import { readFile } from 'node:fs/promises';

const TICKS_PER_SECOND = 100;

/**
 * What something has cost.
 *
 * @typedef {object} Cost
 * @property {number} ms
 * @property {Record<string, number>} cpu seconds of CPU of the server, the database, Redis and the simulated agents
 * @property {number} statements that the database ran
 * @property {number} rows that it read
 * @property {number} logBytes that it wrote to its log
 * @property {number} commands that Redis ran, those that scripts call not counted
 */

/**
 * @typedef {object} Counters
 * @property {Record<string, number>} cpu seconds
 * @property {number} statements
 * @property {number} rows
 * @property {number} logBytes
 * @property {number} commands
 */

/** Measures what goes on in all processes while something is done. */
export class Meter {
  /**
   * @param {import('./surroundings.js').Surroundings} surroundings
   * @param {readonly number[]} agents ids of processes
   */
  constructor({ database, redis, pids }, agents) {
    this.database = database;
    this.redis = redis;
    /** @type {Counters | undefined} */
    this.ownCost = undefined;
    this.pids = { server: [pids.server], database: [pids.database], redis: [pids.redis], agents };
  }

  /**
   * @template T
   * @param {() => Promise<T>} action
   * @returns {Promise<{ result: T, cost: Cost }>}
   */
  async measure(action) {
    const before = await this.read();
    // Once, while nothing goes on: to look costs something too.
    this.ownCost ??= difference(before, await this.read());
    const start = performance.now();
    const result = await action();
    const ms = performance.now() - start;
    const { cpu, ...counters } = difference(before, await this.read());
    return { result, cost: { ms, cpu, ...less(counters, this.ownCost) } };
  }

  /** @returns {Promise<Counters>} */
  async read() {
    const { server, database, redis, agents } = this.pids;
    const cpu = {
      server: await cpuSeconds(server),
      database: await cpuSeconds(database),
      redis: await cpuSeconds(redis),
      agents: await cpuSeconds(agents),
    };
    const commands = Number(
      /total_commands_processed:(\d+)/.exec(await this.redis.info('stats'))?.[1] ?? NaN,
    );
    const [rows] = await this.database.query(
      "SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Innodb_os_log_written') OR Variable_name LIKE 'Handler_read%'",
    );
    const counters = /** @type {{ Variable_name: string, Value: string }[]} */ (rows);
    const sumOf = (/** @type {RegExp} */ name) =>
      counters.reduce(
        (sum, { Variable_name, Value }) => sum + (name.test(Variable_name) ? Number(Value) : 0),
        0,
      );
    return {
      cpu,
      statements: sumOf(/^Questions$/),
      rows: sumOf(/^Handler_read/),
      logBytes: sumOf(/^Innodb_os_log_written$/),
      commands,
    };
  }
}

/**
 * All together.
 *
 * @param {readonly Cost[]} costs
 * @returns {Cost}
 */
export function total(costs) {
  const sum = (/** @type {(cost: Cost) => number} */ of) => costs.reduce((all, cost) => all + of(cost), 0);
  return {
    ms: sum(({ ms }) => ms),
    cpu: Object.fromEntries(
      Object.keys(costs[0]?.cpu ?? {}).map((name) => [name, sum(({ cpu }) => cpu[name] ?? 0)]),
    ),
    statements: sum(({ statements }) => statements),
    rows: sum(({ rows }) => rows),
    logBytes: sum(({ logBytes }) => logBytes),
    commands: sum(({ commands }) => commands),
  };
}

/**
 * @param {Counters} before
 * @param {Counters} after
 * @returns {Counters}
 */
function difference({ cpu: cpuBefore, ...before }, { cpu, ...after }) {
  return { cpu: subtracted(cpu, cpuBefore), ...less(after, before) };
}

/** @typedef {Omit<Counters, 'cpu'>} Counts */

/**
 * @param {Counts} from
 * @param {Counts} take
 * @returns {Counts}
 */
function less(from, { statements, rows, logBytes, commands }) {
  return {
    statements: from.statements - statements,
    rows: from.rows - rows,
    logBytes: from.logBytes - logBytes,
    commands: from.commands - commands,
  };
}

/**
 * @param {Record<string, number>} from
 * @param {Record<string, number>} take
 */
function subtracted(from, take) {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, value - (take[name] ?? 0)]));
}

/** @param {readonly number[]} pids */
async function cpuSeconds(pids) {
  const ticks = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
      // Behind the name, which may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(fields[11]) + Number(fields[12]);
    }),
  );
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

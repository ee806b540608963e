import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { startDaemon, startService } from './daemon.js';
import { freePort } from './free-port.js';
import { findProgram } from './programs.js';

const START_WITHIN_MS = 60_000;

/** @returns {{ server: string, install: string } | undefined} the programs of a throwaway MariaDB */
export function findMariaDb() {
  const server = findProgram('mariadbd', 'mysqld');
  const install = findProgram('mariadb-install-db', 'mysql_install_db');
  return server && install ? { server, install } : undefined;
}

/**
 * @typedef {import('./daemon.js').Service & { url: string }} MariaDb
 *   `url`: of the server's root user, without a database; the same after a restart
 */

/**
 * A MariaDB of our own in `directory`, on a free port, started and answering.
 *
 * @param {{ directory: string, removeAfter?: boolean, durable?: boolean, bufferPool?: string }} options
 *   `removeAfter`: the directory goes with the server; `durable`: commits outlive a crash of the machine too;
 *   `bufferPool`: its memory for pages, such as `64M`
 * @returns {Promise<MariaDb>}
 */
export async function startMariaDb({ directory, removeAfter = false, durable = false, bufferPool = '64M' }) {
  const programs = findMariaDb();
  if (!programs) throw new Error('neither mariadbd nor mysqld is on PATH');
  const data = join(directory, 'data');
  await promisify(execFile)(
    programs.install,
    [
      '--no-defaults',
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      ...asRoot(),
    ],
    {
      // Else two that are made at once take each other's temporary tables away.
      env: { ...process.env, TMPDIR: directory },
    },
  );
  const port = await freePort();
  const url = `mysql://root@127.0.0.1:${port}`;
  const launch = async () => {
    const daemon = await startDaemon({
      command: programs.server,
      args: serverArguments({ directory, data, port, durable, bufferPool }),
      logPath: join(directory, 'server.log'),
      ...(removeAfter ? { removeAfter: directory } : {}),
    });
    await answering(url, daemon);
    return daemon;
  };
  return { url, ...(await startService(launch)) };
}

/** @param {{ directory: string, data: string, port: number, durable: boolean, bufferPool: string }} options */
function serverArguments({ directory, data, port, durable, bufferPool }) {
  return [
    '--no-defaults',
    `--datadir=${data}`,
    `--port=${port}`,
    `--tmpdir=${directory}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(directory, 'socket')}`,
    `--pid-file=${join(directory, 'pid')}`,
    '--skip-name-resolve',
    '--skip-log-bin',
    // 2 outlives a kill of the server, not of the machine: all that a test needs.
    `--innodb-flush-log-at-trx-commit=${durable ? 1 : 2}`,
    `--innodb-buffer-pool-size=${bufferPool}`,
    '--max-connections=500',
    ...asRoot(),
  ];
}

/** The server refuses to run as root unless told so. */
function asRoot() {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

/**
 * @param {string} url
 * @param {import('./daemon.js').Daemon} daemon
 */
async function answering(url, daemon) {
  const deadline = performance.now() + START_WITHIN_MS;
  for (;;) {
    try {
      await (await createConnection(url)).end();
      return;
    } catch (error) {
      if (!daemon.alive()) throw new Error(`MariaDB did not start:\n${daemon.log()}`, { cause: error });
      if (performance.now() > deadline) throw error;
      await delay(50);
    }
  }
}

import { Gauge, type Registry } from 'prom-client';
import { type DatabasePool } from '../database/database-pool.port.js';

/** Whether statements find a connection. */
export function measureDatabase(pool: DatabasePool, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'job_manager_database_connections',
    help: 'Connections of this server to its database, by what they do; SQLite has one.',
    labelNames: ['state'],
    registers,
    collect() {
      const { open, busy } = pool.poolState();
      this.set({ state: 'busy' }, busy);
      this.set({ state: 'free' }, open - busy);
    },
  });
  new Gauge({
    name: 'job_manager_database_statements_waiting',
    help: 'Statements of this server for which no connection is free.',
    registers,
    collect() {
      this.set(pool.poolState().waiting);
    },
  });
}

import { describe } from '@jest/globals';
import { type ServerOptions } from './server.js';
import { describeOnDatabases } from './services.js';

/** A way to run the service. */
export interface Deployment {
  readonly options: Pick<ServerOptions, 'host' | 'database'>;
  /** Where the five endpoints are, from the root of the server. */
  readonly bases: readonly string[];
  /** Where the list is besides. */
  readonly listAt: string;
}

/** The same suite on the standalone server, on both databases, and in host backends on Express and Fastify. */
export function describeOnDeployments(name: string, suite: (deployment: Deployment) => void): void {
  describeOnDatabases(name, (database) => {
    suite({ options: { database }, bases: ['', '/api/job'], listAt: '/api/list_jobs' });
  });
  describe.each(['express', 'fastify'] as const)(`${name} in a host on %s`, (host) => {
    suite({ options: { host }, bases: ['/api/job'], listAt: '/api/job/list_jobs' });
  });
}

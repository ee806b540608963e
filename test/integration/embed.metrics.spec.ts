import { expect, it } from '@jest/globals';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Counter, Registry } from 'prom-client';
import { JobManager, JobManagerModule, type JobManagerOptions } from '../../src/index.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

@Module({})
class Around {}

@Module({})
class Host {}

async function optionsWith(metrics: Registry): Promise<JobManagerOptions & { metrics: Registry }> {
  return { dataDir: await temporaryDirectory(), metrics };
}

/** A host whose job managers each measure into the registry of the same position. */
async function hostWith(...registries: Registry[]): Promise<{
  context: INestApplicationContext;
  managers: JobManager[];
}> {
  const names = registries.map((_, index) => `manager ${index}`);
  const imports = await Promise.all(
    registries.map(async (registry, index) => {
      const name = names[index] ?? '';
      return {
        module: Around,
        imports: [JobManagerModule.forRoot(await optionsWith(registry))],
        providers: [{ provide: name, useExisting: JobManager }],
        exports: [name],
      };
    }),
  );
  const context = await NestFactory.createApplicationContext(
    { module: Host, imports },
    { logger: false, abortOnError: false },
  );
  return { context, managers: names.map((name) => context.get<JobManager>(name, { strict: false })) };
}

/** A registry of a host's, with a metric of its own in it. */
function registryOfHost(): Registry {
  const registry = new Registry();
  new Counter({ name: 'orders_total', help: 'Of the host.', registers: [registry] }).inc(5);
  return registry;
}

async function valueOf(registry: Registry, metric: string): Promise<number | undefined> {
  const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${metric} `));
  return line === undefined ? undefined : Number(line.split(' ')[1]);
}

it('measures into the registry of the host, beside its own metrics, until the application closes', async () => {
  const registry = registryOfHost();
  const { context, managers } = await hostWith(registry);
  const [manager] = managers as [JobManager];
  const { jobId } = await manager.run({ command: 'true' });
  await manager.waitFor(jobId);
  expect(await valueOf(registry, 'job_manager_jobs_accepted_total')).toBe(1);
  expect(await valueOf(registry, 'job_manager_jobs_ended_total{state="succeeded"}')).toBe(1);
  expect(await valueOf(registry, 'job_manager_database_up')).toBe(1);
  expect(await valueOf(registry, 'orders_total')).toBe(5);
  await context.close();
  expect(await registry.metrics()).not.toContain('job_manager_');
  expect(await valueOf(registry, 'orders_total')).toBe(5);
});

it('starts again on the same registry once the application before it has closed', async () => {
  const registry = registryOfHost();
  for (let start = 0; start < 2; start += 1) {
    const { context } = await hostWith(registry);
    expect(await valueOf(registry, 'job_manager_jobs_accepted_total')).toBe(0);
    await context.close();
  }
});

it('counts two job managers apart in a registry each, and refuses one for both', async () => {
  const [one, other] = [registryOfHost(), registryOfHost()];
  const { context, managers } = await hostWith(one, other);
  const [first] = managers as [JobManager];
  await first.run({ command: 'true' });
  expect(await valueOf(one, 'job_manager_jobs_accepted_total')).toBe(1);
  expect(await valueOf(other, 'job_manager_jobs_accepted_total')).toBe(0);
  await context.close();
  await expect(hostWith(one, one)).rejects.toThrow('already been registered');
});

import { describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse as parseYaml } from 'yaml';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { type JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { keyHolders } from '../support/users.js';

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy');
/** Of a histogram, in its samples. */
const PART = /_(bucket|count|sum)$/;
const SAMPLE = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string };
}

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

async function metricsOf(client: JobClient): Promise<string> {
  const { status, body, headers } = await client.call('GET', '/metrics');
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return String(body);
}

function samplesIn(text: string): { name: string; labels: string; value: number }[] {
  return text
    .split('\n')
    .map((line) => SAMPLE.exec(line))
    .filter((found) => found !== null)
    .map(([, name = '', labels = '', value]) => ({ name, labels, value: Number(value) }));
}

function valueOf(text: string, name: string, labels = ''): number {
  return samplesIn(text).find((one) => one.name === name && one.labels === labels)?.value ?? Number.NaN;
}

/** Names of the metrics in an expression; fails where it is none. */
function metricsIn(expr: string): string[] {
  // Grafana puts a range there.
  const text = expr.replaceAll('$__rate_interval', '5m');
  const names: string[] = [];
  parser.parse(text).iterate({
    enter({ type, from, to }) {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${text}`);
      if (type.name === 'Identifier' && text[to] !== '(') names.push(text.slice(from, to));
    },
  });
  return names;
}

const EXPRESSIONS = [
  ...(
    parseYaml(readFileSync(join(DEPLOY, 'prometheus', 'alerts.yaml'), 'utf8')) as {
      groups: { rules: Rule[] }[];
    }
  ).groups
    .flatMap(({ rules }) => rules)
    .map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...(
    JSON.parse(readFileSync(join(DEPLOY, 'grafana', 'dashboard.json'), 'utf8')) as Dashboard
  ).panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [`panel ${title}`, expr] as const)),
];

describeOnDatabases('Metrics', (database) => {
  const server = useServer(() => ({ database, env: { AGENT_CONCURRENCY: '1', KILL_GRACE_SECONDS: '0' } }));

  it('count what happens to jobs, and how long it takes', async () => {
    const { client } = server();
    const input = await client.upload('x');
    for (const command of ['true', 'sleep 0.2', 'exit 3'])
      await client.waitForState(await client.run({ command, input_files: [input] }), ['succeeded', 'failed']);
    const again = { command: '[ $JOB_ATTEMPT = 2 ]', retry_on_failure: true };
    await client.waitForState(await client.run(again), ['succeeded']);
    const running = await client.run(`sleep ${uniqueSleep()}`);
    await client.waitForState(running, ['running']);
    const waiting = await client.run('true');
    await client.call('GET', `/job_info/${NOBODYS_ID}`);
    await client.call('GET', '/a/path/that/nobody/has');
    const text = await eventually(
      async () => {
        const now = await metricsOf(client);
        expect(valueOf(now, 'job_manager_jobs_queued')).toBe(1);
        return now;
      },
      { withinMs: 20_000, everyMs: 200 },
    );
    const values = {
      job_manager_jobs_accepted_total: 6,
      job_manager_attempts_put_back_total: 1,
      job_manager_jobs_running: 1,
      job_manager_agents: 1,
      job_manager_agent_places: 1,
      job_manager_queue_wait_seconds_count: 5,
      job_manager_staging_seconds_count: 3,
      job_manager_run_seconds_count: 4,
      job_manager_publish_seconds_count: 4,
      job_manager_attempts_lost_total: 0,
      job_manager_database_statements_waiting: 0,
    };
    for (const [name, value] of Object.entries(values))
      expect([name, valueOf(text, name)]).toEqual([name, value]);
    expect(valueOf(text, 'job_manager_jobs_ended_total', 'state="succeeded"')).toBe(3);
    expect(valueOf(text, 'job_manager_jobs_ended_total', 'state="failed"')).toBe(1);
    expect(valueOf(text, 'job_manager_database_connections', 'state="free"')).toBeGreaterThan(0);
    expect(valueOf(text, 'job_manager_run_seconds_sum')).toBeGreaterThan(0.2);
    for (const id of [waiting, running]) await client.cancel(id);
    const after = await metricsOf(client);
    expect(valueOf(after, 'job_manager_jobs_ended_total', 'state="cancelled"')).toBe(2);
  });

  it('name no job, no user and no path that somebody made up', async () => {
    const text = await metricsOf(server().client);
    const routes = samplesIn(text)
      .filter(({ name }) => name === 'job_manager_http_request_seconds_count')
      .map(({ labels }) => /route="([^"]*)"/.exec(labels)?.[1]);
    expect(routes).toEqual(expect.arrayContaining(['/run', '/job_info/:job_id', 'none']));
    expect(text).not.toContain(NOBODYS_ID);
    expect(text).not.toContain('/a/path');
    expect(text).not.toContain('anonymous');
  });

  it.each(EXPRESSIONS)('are there that the %s asks for', async (_, expr) => {
    const there = new Set(samplesIn(await metricsOf(server().client)).map(({ name }) => name));
    const asked = metricsIn(expr);
    expect(asked).not.toEqual([]);
    for (const name of asked)
      expect([...there, ...[...there].map((one) => one.replace(PART, ''))]).toContain(name);
  });
});

describe('Metrics after a kill -9', () => {
  const server = useServer(() => ({}));

  it('count what was taken from a lost agent', async () => {
    const { client } = server();
    const jobId = await client.run({ command: `sleep ${uniqueSleep()}`, retries: 1 });
    await client.waitForState(jobId, ['running']);
    await server().kill();
    await server().restart();
    await eventually(async () => {
      expect(valueOf(await metricsOf(server().client), 'job_manager_attempts_lost_total')).toBe(1);
    });
    await server().client.cancel(jobId);
  });
});

describe('Metrics where callers are known', () => {
  const users = keyHolders({ ann: 'user', root: 'admin' });
  const server = useServer(() => ({ env: users.env }));

  it('are for admins', async () => {
    const call = (headers: Readonly<Record<string, string>>) =>
      server().client.call('GET', '/metrics', { headers });
    expectError(await call({}), 401);
    expectError(await call(users.as('ann')), 403, 'admins');
    expect((await call(users.as('root'))).status).toBe(200);
  });
});

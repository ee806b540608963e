import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { type JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { SmallFleet } from '../support/fleet.js';
import { startServer, useServer } from '../support/server.js';
import { createDatabase, describeWithMysql, describeWithRedis } from '../support/services.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

/** As OTLP has it in JSON. */
interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly Attribute[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}
interface ExportedSpans {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly Span[] }[];
  }[];
}
type TracedSpan = Span & { readonly service: string | undefined };

const textOf = (attributes: readonly Attribute[], wanted: string): string | undefined =>
  attributes.find(({ key }) => key === wanted)?.value.stringValue;

/** A collector, to which batches come without waiting. */
class Collector {
  private constructor(private readonly receiver: WebhookReceiver) {}

  static async start(): Promise<Collector> {
    const receiver = await WebhookReceiver.start();
    receiver.answer = () => 200;
    return new Collector(receiver);
  }

  get env(): Readonly<Record<string, string>> {
    return { OTEL_EXPORTER_OTLP_ENDPOINT: this.receiver.url, OTEL_BSP_SCHEDULE_DELAY: '50' };
  }

  get text(): string {
    return this.receiver.received.map(({ body }) => body).join('\n');
  }

  spansOf(traceId: string): TracedSpan[] {
    return this.receiver
      .at('/v1/traces')
      .flatMap(({ body }) => (JSON.parse(body) as ExportedSpans).resourceSpans)
      .flatMap(({ resource, scopeSpans }) => {
        const service = textOf(resource.attributes, 'service.name');
        return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })));
      })
      .filter((span) => span.traceId === traceId);
  }

  /** The spans of a trace once those of these names are there. */
  async spansWith(traceId: string, names: readonly string[]): Promise<TracedSpan[]> {
    await eventually(() => {
      const there = this.spansOf(traceId).map(({ name }) => name);
      expect(there).toEqual(expect.arrayContaining([...names]));
    });
    return this.spansOf(traceId);
  }
}

const OF_A_JOB = ['POST /run', 'wait for an agent', 'attempt', 'run', 'publish', 'report'];

/** Runs a job within a trace of the caller's, and resolves with the ids of both. */
async function traced(
  client: JobClient,
  fields: object,
): Promise<{ jobId: string; traceId: string; caller: string }> {
  const [traceId, caller] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  const headers = { traceparent: `00-${traceId}-${caller}-01` };
  const { body } = await client.call('POST', '/run', { headers, json: fields });
  const jobId = (body as { job_id: string }).job_id;
  await client.waitForState(jobId, ['succeeded']);
  return { jobId, traceId, caller };
}

function nest(spans: readonly TracedSpan[], name: string): string[] {
  const names: string[] = [];
  let span = spans.find((one) => one.name === name);
  while (span !== undefined) {
    names.push(span.name);
    const { parentSpanId } = span;
    span = spans.find(({ spanId }) => spanId === parentSpanId);
  }
  return names;
}

describe('A trace', () => {
  let collector: Collector;
  beforeAll(async () => {
    collector = await Collector.start();
  });
  const server = useServer(() => ({ env: { ...collector.env, OTEL_SERVICE_NAME: 'jobs' } }));

  it('leads from the request to the answer, within the trace of the caller', async () => {
    const input = await server().client.upload('x');
    const job = await traced(server().client, { command: 'sleep 0.1; echo out', input_files: [input] });
    const spans = await collector.spansWith(job.traceId, [...OF_A_JOB, 'stage']);
    expect(spans.find(({ name }) => name === 'POST /run')?.parentSpanId).toBe(job.caller);
    expect(nest(spans, 'wait for an agent')).toEqual(['wait for an agent', 'POST /run']);
    for (const part of ['stage', 'run', 'publish', 'report'])
      expect(nest(spans, part)).toEqual([part, 'attempt', 'POST /run']);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['jobs']));
    const attempt = spans.find(({ name }) => name === 'attempt');
    expect(textOf(attempt?.attributes ?? [], 'job_manager.job_id')).toBe(job.jobId);
    const run = spans.find(({ name }) => name === 'run');
    const ms = Number(BigInt(run?.endTimeUnixNano ?? 0) - BigInt(run?.startTimeUnixNano ?? 0)) / 1e6;
    expect(ms).toBeGreaterThanOrEqual(100);
  });

  it('tells neither commands nor paths, queries and keys', async () => {
    const { traceId } = await traced(server().client, { command: 'true # confidential' });
    await server().client.call('GET', '/list_jobs?user=confidential');
    await collector.spansWith(traceId, OF_A_JOB);
    await eventually(() => {
      expect(collector.text).toContain('GET /list_jobs');
    });
    expect(collector.text).not.toContain('confidential');
  });

  it('is none where the caller wants none', async () => {
    const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` };
    await server().client.call('POST', '/run', { headers, json: { command: 'true' } });
    const { traceId } = await traced(server().client, { command: 'true' });
    await collector.spansWith(traceId, OF_A_JOB);
    expect(collector.spansOf('a'.repeat(32))).toEqual([]);
  });
});

describe('A collector that is away', () => {
  it('stops nothing, and is told of', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_SCHEDULE_DELAY: '50' };
    const server = await startServer({ env });
    expect(await server.client.answerOf('echo fine')).toBe('fine\n');
    await eventually(() => {
      expect(server.logs()).toContain('traces could not be sent');
    });
    await server.end();
  });
});

describeWithMysql('Traces on MariaDB', () => {
  describeWithRedis('with an agent elsewhere', () => {
    let collector: Collector;
    let fleet: SmallFleet;
    beforeAll(async () => {
      collector = await Collector.start();
      const database = { name: 'MariaDB' as const, create: createDatabase };
      fleet = await SmallFleet.start({ database, env: collector.env });
      await fleet.agent();
    });
    afterAll(() => fleet.end());

    it('a trace leads through the agent and back', async () => {
      const { traceId } = await traced(fleet.two, { command: 'head -c 100000 /dev/zero' });
      const reported = 'POST /agent-reports/ended';
      const spans = await collector.spansWith(traceId, [...OF_A_JOB, reported]);
      expect(nest(spans, 'run')).toEqual(['run', 'attempt', 'POST /run']);
      expect(nest(spans, reported)).toEqual([reported, 'report', 'attempt', 'POST /run']);
      const services = new Map(spans.map(({ name, service }) => [name, service]));
      expect([services.get('POST /run'), services.get('attempt'), services.get(reported)]).toEqual([
        'job-manager',
        'job-manager-agent',
        'job-manager',
      ]);
    });
  });
});

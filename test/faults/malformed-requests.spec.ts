import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Exchange, exchange } from '../support/malformed/exchange.js';
import { malformedRequest, wellFramedRequest } from '../support/malformed/requests.js';
import { useServer } from '../support/server.js';

/** Set it to repeat a run that failed, or to try other requests. */
const SEED = Number(process.env.MALFORMED_SEED ?? 20_260_731);
const BATCHES = 125;
const RAW_PER_BATCH = 60;
const FRAMED_PER_BATCH = 20;

const seen = new Map<string, number>();

function expectHonest(answer: Exchange, method: string): void {
  expect(answer.status).toBeGreaterThanOrEqual(200);
  expect(answer.status).toBeLessThan(500);
  expect(answer.status).not.toBe(415);
  if (answer.status < 400 || method === 'HEAD') return;
  expect(answer.contentType).toMatch(/^application\/json\b/);
  // Nothing before, after or beside it.
  expect(answer.body).toMatch(/^\{"error":"(?:[^"\\]|\\.)+"\}$/);
  expect(() => JSON.parse(answer.body) as unknown).not.toThrow();
}

function count(answer: Exchange | undefined): void {
  const key = answer === undefined ? 'hung up' : String(answer.status);
  seen.set(key, (seen.get(key) ?? 0) + 1);
}

async function judgeRaw(url: string, request: Buffer): Promise<void> {
  const answer = await exchange(url, request);
  count(answer);
  if (answer !== undefined) expectHonest(answer, request.subarray(0, 5).toString('latin1').trim());
}

type Framed = typeof wellFramedRequest extends fc.Arbitrary<infer T> ? T : never;

async function judgeFramed(url: string, { method, path, query, body }: Framed): Promise<void> {
  const response = await fetch(`${url}${path}${query}`, {
    method,
    headers: body.contentType === undefined ? {} : { 'content-type': body.contentType },
    body: method === 'GET' ? null : new Uint8Array(body.bytes),
  });
  const contentType = response.headers.get('content-type') ?? undefined;
  const answer = { status: response.status, contentType, body: await response.text() };
  count(answer);
  expectHonest(answer, method);
}

describe(`10,000 malformed requests of seed ${SEED}`, () => {
  // Nothing runs what happens to be accepted: strangers' commands in a test would be no joke.
  const server = useServer(() => ({ env: { AGENT_CONCURRENCY: '0' } }));

  afterAll(() => {
    process.stderr.write(
      `answers to malformed requests: ${JSON.stringify(Object.fromEntries([...seen].sort()))}\n`,
    );
  });

  it('get no 500 and nothing but {"error": string}, and the server goes on', async () => {
    const { url } = server();
    const batch = fc.tuple(
      fc.array(malformedRequest, { minLength: RAW_PER_BATCH, maxLength: RAW_PER_BATCH }),
      fc.array(wellFramedRequest, { minLength: FRAMED_PER_BATCH, maxLength: FRAMED_PER_BATCH }),
    );
    await fc.assert(
      fc.asyncProperty(batch, async ([raw, framed]) => {
        await Promise.all([
          ...raw.map((request) => judgeRaw(url, request)),
          ...framed.map((request) => judgeFramed(url, request)),
        ]);
      }),
      { seed: SEED, numRuns: BATCHES, endOnFailure: true },
    );
    const accepted = await fetch(`${url}/run`, { method: 'POST', body: '{"command":"true",}' });
    expect(accepted.status).toBe(201);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect(server().logs()).not.toContain('"level":50');
  });
});

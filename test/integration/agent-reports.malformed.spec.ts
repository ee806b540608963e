import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { RecordingReports, serveReports } from '../support/recording-reports.js';

const CARD = { name: 'here', labels: ['gpu'], concurrency: 8, generation: 3 };

const reports = new RecordingReports();
const url = serveReports(reports);

beforeEach(() => {
  reports.heard.length = 0;
});

describe('a malformed report', () => {
  const lease = { job_id: randomUUID(), attempt: 1, token: randomUUID() };
  const ended = {
    kind: 'ended',
    succeeded: true,
    exit_code: 0,
    signal: null,
    reason: null,
    repeatable: false,
  };
  const result = { ...ended, answer_id: randomUUID(), stderr_id: null, outputs: [] };
  const output = { path: 'a', file_id: randomUUID(), size: 0 };

  it.each<[string, unknown, string]>([
    ['arrived', '', 'JSON'],
    ['arrived', '{"agent":', 'JSON'],
    ['arrived', Buffer.from([0x22, 0xff, 0x22]), 'UTF-8'],
    ['arrived', '[]', 'object'],
    ['arrived', '12', 'object'],
    ['arrived', '{"__proto__":{}}', '__proto__'],
    ['arrived', `{"agent":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, '32 levels'],
    ['arrived', `[${'{},'.repeat(200_000)}{}]`, 'too many values'],
    ['arrived', {}, 'agent must be an object'],
    ['arrived', { agent: CARD, more: 1 }, '"more" is unknown'],
    ['arrived', { agent: { ...CARD, name: 'x'.repeat(256) } }, 'name must be 1 to 255'],
    ['left', { agent: { ...CARD, labels: ['a b'] } }, 'labels must hold'],
    ['left', { agent: { ...CARD, concurrency: 1.5 } }, 'concurrency must be'],
    ['claim', { job_id: 'x', agent: 'a', token: lease.token }, 'job_id must be a UUID'],
    ['claim', { job_id: lease.job_id, agent: 'a' }, 'token is missing'],
    ['started', `{"lease":{"job_id":"${lease.job_id}","attempt":9007199254740993}}`, 'attempt must be'],
    ['renew', { agent: CARD, leases: Array(10_001).fill(lease) }, 'at most 10000'],
    ['renew', { agent: CARD, leases: [lease, null] }, 'leases is wrong: element 1 must be an object'],
    ['ended', { lease, result: { ...result, kind: 'toString' } }, 'of the kind'],
    ['ended', { lease, result: { ...result, exit_code: '0' } }, 'exit_code must be a whole number'],
    ['ended', { lease, result: { ...result, outputs: Array(1_001).fill(output) } }, 'at most 1000'],
    ['ended', { lease, result: { ...result, outputs: [{ ...output, path: 'a\0' }] } }, 'NUL'],
    ['ended', { lease, result: { ...result, outputs: [{ ...output, path: 'é'.repeat(2_049) }] } }, '4096'],
  ])('to %s is a 400 (%#)', async (method, report, reason) => {
    const isRaw = typeof report === 'string' || Buffer.isBuffer(report);
    const body = isRaw ? new Uint8Array(Buffer.from(report as string)) : JSON.stringify(report);
    const response = await fetch(`${url()}/agent-reports/${method}`, { method: 'POST', body });
    expect(response.status).toBe(400);
    const answer = (await response.json()) as { error: string };
    expect(Object.keys(answer)).toEqual(['error']);
    expect(answer.error).toContain(reason);
    expect(reports.heard).toEqual([]);
  });

  it('is a 413 beyond 32 MiB', async () => {
    const init = { method: 'POST', body: ' '.repeat(33_554_433) };
    expect((await fetch(`${url()}/agent-reports/ended`, init)).status).toBe(413);
  });

  it('may have fields of a newer agent within', async () => {
    const body = JSON.stringify({ lease: { ...lease, more: 1 }, result: { kind: 'returned', more: 1 } });
    expect((await fetch(`${url()}/agent-reports/ended`, { method: 'POST', body })).status).toBe(200);
  });
});

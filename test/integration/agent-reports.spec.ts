import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  type AgentCard,
  type Assignment,
  type AttemptEnded,
  type AttemptResult,
  type Lease,
} from '../../src/execution/job-reports.port.js';
import { HttpJobReports } from '../../src/execution/reports/http-job-reports.js';
import { DomainError } from '../../src/kernel/errors.js';
import { atEndOfFile } from '../support/end-of-file.js';
import { RecordingReports, serveReports } from '../support/recording-reports.js';

const TOKEN = 'a secret, with spaces';
const CARD: AgentCard = {
  name: 'agent-é\u{1f600}',
  labels: ['gpu', 'zone=a'],
  concurrency: 8,
  generation: 3,
  enforces: ['cpuSeconds', 'memoryBytes'],
};
const NASTY = 'é\u{1f600}"\\ \n\u2028\ufeff\u0001</script>';

const ENDED: AttemptEnded = {
  kind: 'ended',
  succeeded: false,
  exitCode: 137,
  signal: 'SIGRTMIN+30',
  reason: `because of ${NASTY}`,
  repeatable: true,
  answerId: randomUUID(),
  stderrId: randomUUID(),
  outputs: [{ path: NASTY, fileId: randomUUID(), size: Number.MAX_SAFE_INTEGER }],
  usage: { cpuSeconds: 0.000001, peakMemoryBytes: null, writtenBytes: Number.MAX_SAFE_INTEGER },
  publishedInMs: 0.25,
};

const aLease = (attempt = 1): Lease => ({ jobId: randomUUID(), attempt, token: randomUUID() });

const reports = new RecordingReports();
const url = serveReports(reports);

function client(serverUrl: string, token?: string): HttpJobReports {
  const options = { serverUrls: [serverUrl], timeoutMs: 20_000 };
  const made = new HttpJobReports(token === undefined ? options : { ...options, token });
  atEndOfFile(() => {
    made.close();
  });
  return made;
}

beforeEach(() => {
  reports.heard.length = 0;
});

async function endedArrivesAs(result: AttemptResult): Promise<void> {
  const lease = aLease(2_147_483_647);
  expect(await client(url()).ended(lease, result)).toBe(true);
  expect(reports.heard).toEqual([['ended', lease, result]]);
}

describe('what an agent says arrives', () => {
  it('when it comes and goes', async () => {
    await client(url()).arrived(CARD);
    await client(`${url()}/`).left({ ...CARD, labels: [] });
    expect(reports.heard).toEqual([
      ['arrived', CARD],
      ['left', { ...CARD, labels: [] }],
    ]);
  });

  it('when it starts', async () => {
    const lease = aLease();
    expect(await client(url()).started(lease)).toBe(true);
    reports.yes = false;
    expect(await client(url()).started(lease)).toBe(false);
    expect(await client(url()).ended(lease, { kind: 'returned' })).toBe(false);
    reports.yes = true;
    expect(reports.heard[0]).toEqual(['started', lease]);
  });

  it.each<[string, AttemptResult]>([
    ['with all there is', ENDED],
    [
      'with all that may be null or empty',
      {
        ...ENDED,
        succeeded: true,
        exitCode: 0,
        signal: null,
        reason: null,
        repeatable: false,
        stderrId: null,
        outputs: [],
      },
    ],
    ['by a fault', { kind: 'fault', reason: NASTY, passing: false }],
    ['by a fault without a word', { kind: 'fault', reason: '', passing: true }],
    ['given back', { kind: 'returned' }],
    [
      'with a name that is no Unicode',
      { ...ENDED, outputs: [{ path: 'a\ud800', fileId: randomUUID(), size: 0 }] },
    ],
  ])('when it ends %s', (_, result) => endedArrivesAs(result));

  it('when it ends with 1,000 outputs of the longest and worst names', async () => {
    const outputs = Array.from({ length: 1_000 }, (_, index) => ({
      path: `${index}/`.padEnd(4_096, '\u0001'),
      fileId: randomUUID(),
      size: index,
    }));
    await endedArrivesAs({ ...ENDED, outputs });
  });

  it('shortened where the reason has no end', async () => {
    await client(url()).ended(aLease(), { kind: 'fault', reason: 'x'.repeat(100_000), passing: true });
    expect(reports.heard[0]?.[2]).toMatchObject({ reason: 'x'.repeat(65_536) });
  });

  it('when it renews 10,000 leases, or none', async () => {
    const leases = Array.from({ length: 10_000 }, (_, index) => aLease(index + 1));
    reports.renewal = { held: leases.map(({ jobId }) => jobId), leaseMs: 29_999.5 };
    expect(await client(url()).renew(CARD, leases)).toEqual(reports.renewal);
    reports.renewal = { held: [], leaseMs: 1 };
    expect(await client(url()).renew(CARD, [])).toEqual(reports.renewal);
    expect(reports.heard).toEqual([
      ['renew', CARD, leases],
      ['renew', CARD, []],
    ]);
  });
});

describe('a claim', () => {
  const whole: Assignment = {
    lease: aLease(3),
    leaseMs: 30_000,
    expiresInMs: 1.8e22,
    byAdmin: false,
    owner: NASTY,
    command: `echo '${NASTY}'`,
    running: true,
    binary: randomUUID(),
    inputFiles: [randomUUID(), randomUUID()],
    outputFiles: [`**/${NASTY}`],
    env: { A: NASTY, B: '' },
    timeoutSeconds: 3_155_760_000,
    limits: { memoryBytes: Number.MAX_SAFE_INTEGER, network: false },
    traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const { lease } = whole;

  it.each<[string, Assignment | null]>([
    ['refused', null],
    ['granted with all there is', whole],
    [
      'granted with nothing but a command',
      {
        ...whole,
        expiresInMs: null,
        running: false,
        binary: null,
        inputFiles: [],
        outputFiles: [],
        env: {},
        timeoutSeconds: null,
      },
    ],
    [
      'of the largest job',
      {
        ...whole,
        command: '\u0001'.repeat(131_071),
        inputFiles: Array.from({ length: 1_000 }, () => randomUUID()),
        env: { A: '\u0001'.repeat(131_000), B: '\u0001'.repeat(131_000) },
      },
    ],
  ])('is %s', async (_, assignment) => {
    reports.assignment = assignment;
    expect(await client(url()).claim(lease.jobId, CARD.name, lease.token)).toEqual(assignment);
    expect(reports.heard).toEqual([['claim', lease.jobId, CARD.name, lease.token]]);
  });

  it('is not believed where the answer is to another one', async () => {
    reports.assignment = whole;
    const claim = client(url()).claim(lease.jobId, CARD.name, randomUUID());
    await expect(claim).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('what the server throws', () => {
  it('is unavailable where it may pass', async () => {
    for (const failure of [new DomainError('unavailable', 'The database is away'), new Error('a bug')]) {
      reports.failure = failure;
      await expect(client(url()).started(aLease())).rejects.toMatchObject({ code: 'unavailable' });
    }
    expect(await client(url()).started(aLease())).toBe(true);
  });

  it('is a bug of the agent where the report is wrong', async () => {
    const started = client(url()).started(aLease(0));
    await expect(started).rejects.toThrow(/lease is wrong: attempt must be a whole number from 1/);
    await expect(started).rejects.not.toBeInstanceOf(DomainError);
    expect(reports.heard).toEqual([]);
  });
});

describe('where there is a token', () => {
  const guarded = serveReports(reports, { agentToken: TOKEN });

  it('it opens', async () => {
    await client(guarded(), TOKEN).arrived(CARD);
    expect(reports.heard).toHaveLength(1);
  });

  it.each([undefined, '', `${TOKEN}x`, TOKEN.toUpperCase()])('%j does not', async (token) => {
    const refused: unknown = await client(guarded(), token)
      .arrived(CARD)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'unauthenticated' });
    expect((refused as Error).message).toMatch(/^The server refuses this agent: AGENT_TOKEN/);
    expect(String((refused as Error).stack)).not.toContain(TOKEN);
    expect(reports.heard).toEqual([]);
  });

  it('a stranger is told so before the body is looked at', async () => {
    for (const body of ['{', ' '.repeat(40_000_000)]) {
      const response = await fetch(`${guarded()}/agent-reports/ended`, { method: 'POST', body });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(Object.keys((await response.json()) as object)).toEqual(['error']);
    }
  });
});

describe('below a prefix', () => {
  const prefixed = serveReports(reports, {}, 'jobs');

  it('the routes are there, and only there', async () => {
    await client(`${prefixed()}/jobs/`).arrived(CARD);
    await expect(client(prefixed()).arrived(CARD)).rejects.toThrow(/knows no agent-reports \(404\)/);
    await expect(client(`${url()}/api/job`).arrived(CARD)).rejects.toThrow(/404/);
  });
});

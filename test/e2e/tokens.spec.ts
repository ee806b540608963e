import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { expectError } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { startServer, useServer } from '../support/server.js';

const SECRET = 'a secret of thirty-two bytes or more';
const KEY = new TextEncoder().encode(SECRET);
const RULES = { JWT_ISSUER: 'https://idp.test', JWT_AUDIENCE: 'jobs' };

function* endlessly(text: string): Generator<string> {
  for (;;) yield text.repeat(65_536);
}

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

function token(claims: Record<string, unknown> = {}, header = { alg: 'HS256' }): SignJWT {
  return new SignJWT({ sub: 'alice', ...claims })
    .setProtectedHeader(header)
    .setIssuer(RULES.JWT_ISSUER)
    .setAudience(RULES.JWT_AUDIENCE)
    .setExpirationTime('1h');
}

describe('tokens of a shared secret', () => {
  const server = useServer(() => ({ env: { AUTH: 'jwt', JWT_SECRET: SECRET, ...RULES } }));
  const as = (bearer: string): JobClient =>
    new JobClient(server().url, { authorization: `Bearer ${bearer}` });
  const statusFor = async (bearer: string): Promise<number> =>
    (await as(bearer).call('GET', '/list_jobs')).status;

  it('say who calls', async () => {
    const alice = as(await token().sign(KEY));
    const job = await alice.run('true');
    expect(await alice.info(job)).toMatchObject({ owner: 'alice' });
    const bob = as(await token({ sub: 'bob' }).sign(KEY));
    expectError(await bob.call('GET', `/job_info/${job}`), 404);
    const root = as(await token({ sub: 'root', role: 'admin' }).sign(KEY));
    expect(await root.info(job)).toMatchObject({ owner: 'alice' });
    expectError(await root.call('GET', '/list_jobs?user=alice%20'), 400);
  });

  it('say it in any script, by characters', async () => {
    const sub = '\u{1f600}'.repeat(255);
    const caller = as(await token({ sub }).sign(KEY));
    expect(await caller.info(await caller.run('true'))).toMatchObject({ owner: sub });
  });

  it('may be off by a little', async () => {
    const now = Math.floor(Date.now() / 1_000);
    expect(
      await statusFor(
        await token()
          .setExpirationTime(now - 20)
          .sign(KEY),
      ),
    ).toBe(200);
    expect(
      await statusFor(
        await token()
          .setNotBefore(now + 20)
          .sign(KEY),
      ),
    ).toBe(200);
  });

  const now = Math.floor(Date.now() / 1_000);
  const wrong: [string, () => string | Promise<string>][] = [
    [
      'without a signature',
      () => new UnsecuredJWT({ sub: 'alice' }).setIssuer(RULES.JWT_ISSUER).setAudience('jobs').encode(),
    ],
    ['of another algorithm', () => token({}, { alg: 'HS512' }).sign(KEY)],
    ['of another secret', () => token().sign(new Uint8Array(32))],
    [
      'that have expired',
      () =>
        token()
          .setExpirationTime(now - 3_600)
          .sign(KEY),
    ],
    [
      'that are not valid yet',
      () =>
        token()
          .setNotBefore(now + 3_600)
          .sign(KEY),
    ],
    ['of another issuer', () => token().setIssuer('https://evil.test').sign(KEY)],
    ['for another audience', () => token().setAudience('mail').sign(KEY)],
    ['of nobody', () => token({ sub: undefined }).sign(KEY)],
    ['of an empty name', () => token({ sub: '' }).sign(KEY)],
    ['of a name that is too long', () => token({ sub: 'x'.repeat(256) }).sign(KEY)],
    ['of a name that SQLite would end at a NUL', () => token({ sub: 'alice\0x' }).sign(KEY)],
    ['of a name that is no text', () => token({ sub: '\ud800' }).sign(KEY)],
    ['of a name that MySQL takes for another', () => token({ sub: 'alice ' }).sign(KEY)],
    ['of a role that is none', () => token({ role: 'root' }).sign(KEY)],
    [
      'with a part changed',
      async () => (await token().sign(KEY)).replace(/\.[^.]+\./, '.eyJzdWIiOiJyb290In0.'),
    ],
    ['that are none', () => 'a.b.c'],
  ];

  it.each(wrong)('%s are refused', async (_what, made) => {
    const answer = await as(await made()).call('GET', '/list_jobs');
    expectError(answer, 401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });
});

describe('tokens of a key set', () => {
  let keySet: Server;
  let keys: JWK[] = [];
  const first: { pair?: Pair } = {};

  const pairOf = async (kid: string): Promise<Pair> => {
    const pair = await generateKeyPair('ES256');
    keys = [...keys, { ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256' }];
    return pair;
  };
  const header = (kid: string) => ({ alg: 'ES256', kid });
  const signed = (kid: string, { privateKey }: Pair): Promise<string> =>
    token({}, header(kid)).sign(privateKey);

  beforeAll(async () => {
    keySet = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
    }).listen(0, '127.0.0.1');
    await once(keySet, 'listening');
    first.pair = await pairOf('first');
  });
  afterAll(() => {
    keySet.close();
  });

  it('are known by the keys that it has, also by those that it gets later', async () => {
    const { port } = keySet.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/keys`;
    const server = await startServer({ env: { AUTH: 'jwt', JWT_JWKS_URL: url, ...RULES } });
    const statusFor = async (bearer: string): Promise<number> =>
      (await new JobClient(server.url, { authorization: `Bearer ${bearer}` }).call('GET', '/list_jobs'))
        .status;
    // The public key taken for a secret: whoever knows it could sign.
    const confused = await token().sign(new TextEncoder().encode(JSON.stringify(keys[0])));
    expect(await statusFor(confused)).toBe(401);
    if (first.pair !== undefined) expect(await statusFor(await signed('first', first.pair))).toBe(200);
    const later = await pairOf('later');
    const bearer = await signed('later', later);
    // A set is not fetched again at once: who makes up keys would have it fetched for each token.
    await eventually(
      async () => {
        expect(await statusFor(bearer)).toBe(200);
      },
      { withinMs: 20_000 },
    );
    expect(await statusFor(await signed('first', later))).toBe(401);
    await server.stop();
  });

  it('are told 503 where it is endless or fails, and few of them have it asked for', async () => {
    let asked = 0;
    const stranger = createServer((request, response) => {
      asked += 1;
      if (request.url === '/failing') response.writeHead(500).end();
      else Readable.from(endlessly('[')).pipe(response);
    }).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const pair = await generateKeyPair('ES256');
    const headers = { authorization: `Bearer ${await signed('first', pair)}` };
    for (const path of ['failing', 'endless']) {
      const url = `http://127.0.0.1:${port}/${path}`;
      const server = await startServer({ env: { AUTH: 'jwt', JWT_JWKS_URL: url, ...RULES } });
      const client = new JobClient(server.url, headers);
      asked = 0;
      const start = performance.now();
      for (let times = 0; times < 20; times += 1) expectError(await client.call('GET', '/list_jobs'), 503);
      // Once, and again each two seconds.
      expect(asked).toBeLessThanOrEqual(2 + (performance.now() - start) / 2_000);
      await server.stop();
    }
    stranger.closeAllConnections();
    stranger.close();
  });

  it('are told 503 while it can not be had', async () => {
    const env = { AUTH: 'jwt', JWT_JWKS_URL: 'http://127.0.0.1:1/keys', ...RULES };
    const server = await startServer({ env });
    const pair = await generateKeyPair('ES256');
    const client = new JobClient(server.url, { authorization: `Bearer ${await signed('first', pair)}` });
    const answer = await client.call('GET', '/list_jobs');
    expectError(answer, 503);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    await server.stop();
  });
});

describe('a rate limit', () => {
  const server = useServer(() => ({ env: { AUTH: 'jwt', JWT_SECRET: SECRET, RATE_LIMIT: '5' } }));

  it('holds for each user, and says when to come again', async () => {
    const as = async (sub: string) =>
      new JobClient(server().url, { authorization: `Bearer ${await token({ sub }).sign(KEY)}` });
    const [alice, bob] = [await as('alice'), await as('bob')];
    const answers = await Promise.all(Array.from({ length: 9 }, () => alice.call('GET', '/list_jobs')));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      200, 200, 200, 200, 200, 429, 429, 429, 429,
    ]);
    const late = await alice.call('POST', '/run', { json: { command: 'true' } });
    expectError(late, 429, '5 requests a minute');
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await bob.call('GET', '/list_jobs')).status).toBe(200);
    expect((await alice.call('GET', '/health/live')).status).toBe(200);
  });
});

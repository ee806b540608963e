import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { JobClient } from './client.js';
import { send } from './raw-http.js';
import { forgetSecrets, lookForSecrets, secretsInHeaders, secretsOf, takeLeaks } from './secrets.js';
import { startServer } from './server.js';

// What is leaked here on purpose must not fail this file at its end.
afterEach(forgetSecrets);

describe('the look for secrets', () => {
  it('knows those of settings and headers', () => {
    expect(
      secretsOf({
        JWT_SECRET: 'secret-of-tokens',
        AGENT_TOKEN: 'token-of-agents',
        DATA_MANAGER_TOKEN: 'token-of-files',
        API_KEYS: `alice:user:${'a'.repeat(64)},bob:admin:${'b'.repeat(64)}`,
        DATABASE_URL: 'mysql://user:pass%40database@h/d',
        REDIS_URL: 'redis://user:pass-redis@h',
        HOST: 'no-secret-at-all',
      }),
    ).toEqual([
      'secret-of-tokens',
      'token-of-agents',
      'token-of-files',
      'a'.repeat(64),
      'b'.repeat(64),
      'pass@database',
      'pass-redis',
    ]);
    expect(
      secretsInHeaders({ authorization: 'Bearer key-of-alice', 'X-Api-Key': 'key-of-bob', a: 'b' }),
    ).toEqual(['key-of-alice', 'key-of-bob']);
  });

  it('finds them in what is answered, stored and logged', async () => {
    const token = randomBytes(16).toString('hex');
    const server = await startServer({ env: { DATA_MANAGER_TOKEN: token } });
    const { client, url } = server;
    const id = await client.upload(`it is ${token}!`);
    expect(takeLeaks()).toEqual([]);
    await client.download(id);
    await client.call('GET', `/${token}`);
    await send(`${url}/${token}`, { method: 'GET' });
    expect(takeLeaks()).toEqual(
      [`file ${id}`, `the answer to GET /${token}`, `the answer to GET ${url}/${token}`].map(
        (where) => `${where} has the secret ${token}`,
      ),
    );
    await server.stop();
    lookForSecrets('the log', server.logs());
    expect(takeLeaks().length).toBeGreaterThan(0);
  });

  it('knows the keys of clients', () => {
    const key = randomBytes(16).toString('hex');
    expect(new JobClient('http://nowhere', { 'x-api-key': key }).url).toBe('http://nowhere');
    lookForSecrets('a text', Buffer.from(`x${key}`));
    expect(takeLeaks()).toEqual([`a text has the secret ${key}`]);
  });
});

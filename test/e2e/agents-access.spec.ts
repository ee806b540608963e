import { expect, it } from '@jest/globals';
import { startAgent } from '../support/agent.js';
import { expectError, NOBODYS_ID } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { startServer } from '../support/server.js';
import {
  createDatabase,
  createRedisSpace,
  describeWithMysql,
  describeWithRedis,
} from '../support/services.js';
import { keyHolders } from '../support/users.js';

const AGENT_TOKEN = 'agent-token-of-the-test';
const users = keyHolders({ alice: 'user', bob: 'user', servers: 'admin' });

describeWithRedis('an agent in a process of its own, where callers say who they are', () => {
  it('runs jobs with their files, and sees no others', async () => {
    const space = await createRedisSpace();
    const shared = { REDIS_URL: space.url, REDIS_PREFIX: space.prefix, AGENT_TOKEN };
    const server = await startServer({ env: { ...users.env, ...shared, AGENT_CONCURRENCY: '0' } });
    const agent = await startAgent({ env: { ...shared, SERVER_URL: server.url } });
    const alice = new JobClient(server.url, users.as('alice'));
    const input = await alice.upload('input');
    const command = 'cat "$INPUT_1"; echo oops >&2; echo out > out.txt';
    const id = await alice.run({ command, input_files: [input], output_files: ['*.txt'] });
    const { answer_id, stderr_id, outputs } = await alice.waitForState(id, ['succeeded']);
    expect((await alice.download(String(answer_id))).toString()).toBe('input');
    expect((await alice.download(String(stderr_id))).toString()).toBe('oops\n');
    expect((await alice.download(String(outputs[0]?.file_id))).toString()).toBe('out\n');
    const bob = new JobClient(server.url, users.as('bob'));
    expectError(await bob.call('GET', `/files/${String(answer_id)}/data`), 404);

    const asAgent = { authorization: `Bearer ${AGENT_TOKEN}` };
    const outside = new JobClient(server.url, asAgent);
    expectError(await outside.call('POST', '/run', { json: { command: 'true' } }), 401);
    expectError(await outside.call('GET', `/files/${input}/data`), 403);
    const ended = `${id}/1/${NOBODYS_ID}`;
    for (const lease of [ended, `${NOBODYS_ID}/1/${NOBODYS_ID}`, `${id}/1/`, 'null/0/undefined'])
      expectError(
        await outside.call('GET', `/files/${input}/data`, { headers: { 'x-job-lease': lease } }),
        403,
      );
    await agent.stop();
    await server.stop();
  });
});

describeWithRedis('where callers say who they are', () => {
  describeWithMysql('and one server of several has the files', () => {
    it('agents run jobs with their files, and see no others', async () => {
      const space = await createRedisSpace();
      const ofAgents = { REDIS_URL: space.url, REDIS_PREFIX: space.prefix, AGENT_TOKEN };
      const { url: DATABASE_URL } = await createDatabase();
      const shared = { ...users.env, ...ofAgents, DATABASE_URL, AGENT_CONCURRENCY: '0' };
      const keeper = await startServer({ env: shared });
      const elsewhere = { DATA_MANAGER_URL: keeper.url };
      const token = users.as('servers').authorization?.replace('Bearer ', '') ?? '';
      const server = await startServer({ env: { ...shared, ...elsewhere, DATA_MANAGER_TOKEN: token } });
      const agent = await startAgent({ env: { ...ofAgents, ...elsewhere, SERVER_URL: server.url } });
      const alice = new JobClient(server.url, users.as('alice'));
      const files = new JobClient(keeper.url, users.as('alice'));
      const input = await files.upload('input');
      const command = 'cat "$INPUT_1"; echo oops >&2; echo out > out.txt';
      const id = await alice.run({ command, input_files: [input], output_files: ['*.txt'] });
      const { answer_id, stderr_id, outputs } = await alice.waitForState(id, ['succeeded']);
      const read = async (file: unknown): Promise<string> => (await files.download(String(file))).toString();
      expect(await Promise.all([answer_id, stderr_id, outputs[0]?.file_id].map(read))).toEqual([
        'input',
        'oops\n',
        'out\n',
      ]);
      const bob = new JobClient(server.url, users.as('bob'));
      expectError(
        await new JobClient(keeper.url, users.as('bob')).call('GET', `/files/${String(answer_id)}/data`),
        404,
      );
      expectError(await bob.call('POST', '/run', { json: { command, input_files: [input] } }), 400, input);
      await agent.stop();
      await server.stop();
      await keeper.stop();
    });
  });
});

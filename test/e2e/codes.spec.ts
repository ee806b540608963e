import { describe, expect, it } from '@jest/globals';
import { expectError, NOBODYS_ID, UUID } from '../support/answers.js';
import { describeOnDeployments } from '../support/deployments.js';
import { useServer } from '../support/server.js';

const TOO_MANY = Array.from({ length: 1001 }, () => NOBODYS_ID);

describeOnDeployments('the codes of the five endpoints', ({ options }) => {
  const server = useServer(() => options);
  const call = (...args: Parameters<ReturnType<typeof server>['client']['call']>) =>
    server().client.call(...args);

  describe('POST /run', () => {
    it('answers 201 with the id of the job and nothing else', async () => {
      const answer = await call('POST', '/run', { json: { command: 'true' } });
      expect(answer).toMatchObject({ status: 201, body: { job_id: expect.stringMatching(UUID) } });
      expect(Object.keys(answer.body as object)).toEqual(['job_id']);
    });

    it.each([
      ['no command', {}, 'command'],
      ['an empty command', { command: '' }, 'command'],
      ['a command that is no string', { command: 1 }, 'command'],
      ['a NUL byte', { command: 'echo \0' }, 'command'],
      ['a command of 128 KiB', { command: 'x'.repeat(131_072) }, 'command'],
      ['a command of 128 KiB in UTF-8', { command: 'é'.repeat(65_536) }, 'command'],
      ['a binary that is no UUID', { command: 'true', binary: '/bin/sh' }, 'binary'],
      ['input files that are no array', { command: 'true', input_files: {} }, 'input_files'],
      ['an input file that is no UUID', { command: 'true', input_files: ['../x'] }, 'input_files'],
      ['1,001 input files', { command: 'true', input_files: TOO_MANY }, 'input_files'],
      ['an unknown field', { command: 'true', colour: 'red' }, 'colour'],
      ['a binary that nobody stored', { command: 'true', binary: NOBODYS_ID }, NOBODYS_ID],
      ['an input that nobody stored', { command: 'true', input_files: [NOBODYS_ID] }, NOBODYS_ID],
      ['an array', [], ''],
      ['a timeout of 0', { command: 'true', timeout: 0 }, 'timeout'],
      ['retries below 0', { command: 'true', retries: -1 }, 'retries'],
      ['a variable that is no string', { command: 'true', env: { A: 1 } }, 'env'],
      ['a glob that leaves the directory', { command: 'true', output_files: ['../*'] }, 'output_files'],
    ])('answers 400 to %s', async (_what, json, word) => {
      expectError(await call('POST', '/run', { json }), 400, word);
    });

    it.each(['application/json', 'application/x-www-form-urlencoded', 'text/plain'])(
      'answers 400 to what is no JSON, sent as %s',
      async (type) => {
        const answer = await call('POST', '/run', {
          body: '{"command": tru',
          headers: { 'content-type': type },
        });
        expectError(answer, 400);
      },
    );

    it('runs the longest command that Linux can', async () => {
      const command = `echo whole #${'x'.repeat(131_071 - 'echo whole #'.length)}`;
      expect(await server().client.answerOf(command)).toBe('whole\n');
    });
  });

  describe('GET /job_info', () => {
    it('tells all that is known, by these names', async () => {
      const { client } = server();
      const jobId = await client.run({ command: 'echo x', name: 'n', labels: { a: 'b' }, ttl: 3600 });
      const info = await client.waitForState(jobId, ['succeeded']);
      const text = expect.any(String);
      expect(info).toEqual(
        expect.objectContaining({
          state: 'succeeded',
          answer_id: expect.stringMatching(UUID),
          name: 'n',
          labels: { a: 'b' },
          owner: text,
          command: 'echo x',
          ttl: '3600',
          exit_code: 0,
          signal: null,
          reason: null,
          outputs: [],
          attempt: 1,
          agent: text,
        }),
      );
      expect(info).toHaveProperty('stderr_id');
      const times = [info.created_at, info.started_at, info.finished_at, info.expires_at];
      for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      const [created = 0, started = 0, finished = 0, expires = 0] = times.map((time) =>
        Date.parse(String(time)),
      );
      expect(created).toBeLessThanOrEqual(started);
      expect(started).toBeLessThanOrEqual(finished);
      expect(expires - created).toBe(3_600_000);
    });

    it('answers 400, 404 and 410', async () => {
      const { client } = server();
      expectError(await call('GET', '/job_info/not-a-uuid'), 400, 'job_id');
      expectError(await call('GET', '/job_info'), 400, 'job_id');
      expectError(await call('GET', `/job_info/${NOBODYS_ID}`), 404);
      // A UUID that tells no version is a UUID.
      expectError(await call('GET', '/job_info/11111111-1111-1111-1111-111111111111'), 404);
      const jobId = await client.run('true');
      await client.remove(jobId);
      expectError(await call('GET', `/job_info/${jobId}`), 410);
      expectError(await call('GET', `/job_info/${jobId.toUpperCase()}`), 410);
    });
  });

  describe('POST /cancel', () => {
    it('is durable, answers again, and leaves no answer', async () => {
      const { client } = server();
      const jobId = await client.run('echo out; sleep 1000');
      await client.waitForState(jobId, ['running']);
      const json = { job_id: jobId };
      expect(await call('POST', '/cancel', { json })).toMatchObject({ status: 200, body: json });
      expect(await client.info(jobId)).toMatchObject({ state: 'cancelled', answer_id: null });
      expect(await call('POST', '/cancel', { json })).toMatchObject({ status: 200, body: json });
    });

    it('says which 400 it is', async () => {
      const { client } = server();
      expectError(await call('POST', '/cancel', { json: {} }), 400, 'job_id');
      expectError(await call('POST', '/cancel', { json: { job_id: 'x' } }), 400, 'job_id');
      expectError(await call('POST', '/cancel', { json: { job_id: NOBODYS_ID } }), 400);
      const finished = await client.run('true');
      await client.waitForState(finished, ['succeeded']);
      expectError(await call('POST', '/cancel', { json: { job_id: finished } }), 400);
      expect(await client.info(finished)).toMatchObject({ state: 'succeeded' });
      await client.remove(finished);
      expectError(await call('POST', '/cancel', { json: { job_id: finished } }), 400);
    });
  });

  describe('DELETE /delete', () => {
    it('takes the answer and the outputs, never the inputs', async () => {
      const { client } = server();
      const input = await client.upload('kept');
      const jobId = await client.run({
        command: 'echo a; echo e >&2; echo o > o',
        input_files: [input],
        output_files: ['o'],
      });
      const info = await client.waitForState(jobId, ['succeeded']);
      const made = [info.answer_id, info.stderr_id, ...info.outputs.map((output) => output.file_id)];
      expect(made).toHaveLength(3);
      await client.remove(jobId);
      for (const file of made) expectError(await call('GET', `/files/${file ?? ''}/data`), 404);
      expect((await client.download(input)).toString()).toBe('kept');
    });

    it('says which 400 it is', async () => {
      const { client } = server();
      expectError(await call('DELETE', '/delete'), 400, 'job_id');
      expectError(await call('DELETE', '/delete', { json: { job_id: 'x' } }), 400, 'job_id');
      expectError(await call('DELETE', '/delete', { json: { job_id: NOBODYS_ID } }), 400);
      const jobId = await client.run('true');
      await client.remove(jobId);
      expectError(await call('DELETE', '/delete', { json: { job_id: jobId } }), 400);
    });
  });

  describe('any other call', () => {
    it.each([
      ['GET', '/nowhere'],
      ['GET', '/api/nowhere'],
      ['POST', '/job_info/x/y/z'],
    ])('%s %s is a 404', async (method, path) => {
      expectError(await call(method, path), 404);
    });

    it.each([
      ['GET', '/run', 'POST'],
      ['PUT', '/run', 'POST'],
      ['POST', '/list_jobs', 'GET'],
      ['GET', '/cancel', 'POST'],
      ['POST', '/delete', 'DELETE'],
    ])('%s %s is a 405 that allows %s', async (method, path, allowed) => {
      const answer = await call(method, path);
      expectError(answer, 405);
      expect(answer.headers.get('allow')?.split(/, */)).toContain(allowed);
    });

    it('HEAD is a GET without a body', async () => {
      expect(await call('HEAD', '/list_jobs')).toMatchObject({ status: 200, body: '' });
      expect(await call('HEAD', `/job_info/${NOBODYS_ID}`)).toMatchObject({ status: 404, body: '' });
    });
  });
});

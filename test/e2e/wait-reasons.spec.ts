import { expect, it } from '@jest/globals';
import { JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';
import { keyHolders } from '../support/users.js';

const users = keyHolders({ anna: 'user', ben: 'user' });

describeOnDatabases('The reason of a job that waits', (database) => {
  const server = useServer(() => ({
    database,
    env: { ...users.env, AGENT_CONCURRENCY: '2', KILL_GRACE_SECONDS: '0' },
  }));
  const client = (user: string): JobClient => new JobClient(server().url, users.as(user));
  const command = `sleep ${uniqueSleep()}`;

  /** Waits until it says so: what runs may be known a moment later. */
  async function expectReason(user: string, jobId: string, reason: string | null): Promise<void> {
    await eventually(async () => {
      const info = await client(user).info(jobId);
      expect([info.state, info.reason]).toEqual(['queued', reason]);
    });
  }

  it('tells which places are busy, and what is ahead of it, as both change', async () => {
    const [anna, ben] = [client('anna'), client('ben')];
    const running = [await anna.run(command), await anna.run(command)];
    const waiting: string[] = [];
    for (let count = 0; count < 4; count += 1) waiting.push(await anna.run(command));
    const [first, second, , last] = waiting as [string, string, string, string];
    await expectReason('anna', first, '2 of 2 places busy; 0 ahead of it.');
    await expectReason('anna', last, '2 of 2 places busy; 3 ahead of it.');
    const urgent = await anna.run({ command, priority: 5 });
    await expectReason('anna', urgent, '2 of 2 places busy; 0 ahead of it.');
    await expectReason('anna', last, '2 of 2 places busy; 4 ahead of it.');
    await anna.cancel(second);
    await expectReason('anna', last, '2 of 2 places busy; 3 ahead of it.');
    const bens = await ben.run(command);
    await expectReason('ben', bens, '2 of 2 places busy; 1 ahead of it, and users take turns.');
    await expectReason('anna', last, '2 of 2 places busy; 3 ahead of it, and users take turns.');
    await ben.cancel(bens);
    await anna.cancel(String(running[0]));
    await anna.waitForState(urgent, ['running']);
    await expectReason('anna', first, '2 of 2 places busy; 0 ahead of it.');
    for (const id of [...running, ...waiting, urgent]) await anna.remove(id);
  });

  it('tells for when a retry is put off, and why', async () => {
    const jobId = await client('anna').run({ command: 'exit 7', retries: 5, retry_on_failure: true });
    await eventually(async () => {
      const { state, reason } = await client('anna').info(jobId);
      expect([state, reason]).toEqual([
        'queued',
        expect.stringMatching(/^It is tried again in \d+ s\. Attempt \d: The command exited with code 7\.$/),
      ]);
    });
    await client('anna').remove(jobId);
  });
});

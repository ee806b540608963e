import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createConnection } from 'mysql2/promise';
import { expectError } from '../support/answers.js';
import { type Answer, type JobClient } from '../support/client.js';
import { SmallFleet } from '../support/fleet.js';
import { forMs } from '../support/for-ms.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { createDatabase, describeWithMysql, describeWithRedis } from '../support/services.js';

/** Far less than a wait that would not end before its time. */
const SOON_MS = 30_000;
/** Long enough for a request to be under way. */
const ON_ITS_WAY_MS = 300;

function waitAt(client: JobClient, jobId: string): Promise<Answer> {
  return client.call('GET', `/job_info/${jobId}?wait=60`, { withinMs: SOON_MS });
}

describeWithMysql('Waiting on MariaDB', () => {
  describeWithRedis('at two servers', () => {
    let fleet: SmallFleet;
    let databaseUrl: string;

    beforeAll(async () => {
      const created = await createDatabase();
      databaseUrl = created.url;
      const database = { name: 'MariaDB' as const, create: () => Promise.resolve(created) };
      fleet = await SmallFleet.start({ database, env: { KILL_GRACE_SECONDS: '1' } });
      await fleet.agent();
    });
    afterAll(() => fleet.end());

    it('is answered at each of them, wherever the job was started and ends', async () => {
      for (const [here, there] of [
        [fleet.one, fleet.two],
        [fleet.two, fleet.one],
      ] as const) {
        const jobId = await here.run('sleep 0.5; printf done');
        const answers = await Promise.all([waitAt(here, jobId), waitAt(there, jobId)]);
        const info = await here.info(jobId);
        expect(info.state).toBe('succeeded');
        expect(answers.map(({ body }) => body)).toEqual([info, info]);
      }
    });

    it('is answered when the job is cancelled, deleted or expires at the other', async () => {
      const command = `sleep ${uniqueSleep()}`;
      const one = await fleet.one.run(command);
      const other = await fleet.one.run(command);
      const third = await fleet.one.run({ command, ttl: 3 });
      const waits = [one, other, third].map((jobId) => waitAt(fleet.two, jobId));
      await forMs(ON_ITS_WAY_MS);
      await fleet.one.cancel(one);
      await fleet.one.remove(other);
      const [cancelled, deleted, expired] = (await Promise.all(waits)) as [Answer, Answer, Answer];
      expect(cancelled.body).toMatchObject({ state: 'cancelled' });
      expectError(deleted, 410, 'deleted');
      expectError(expired, 410, 'expired');
    });

    it('is answered of what a server wrote down that then died', async () => {
      const jobId = await fleet.one.run({ command: 'true', requires: ['nobody'] });
      const answer = waitAt(fleet.two, jobId);
      await forMs(ON_ITS_WAY_MS);
      const database = await createConnection(databaseUrl);
      await database.query("UPDATE job_manager_jobs SET state = 'cancelled' WHERE id = ?", [jobId]);
      await database.end();
      expect((await answer).body).toMatchObject({ state: 'cancelled' });
    });
  });
});

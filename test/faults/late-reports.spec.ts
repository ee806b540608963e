import { expect, it } from '@jest/globals';
import { SmallFleet } from '../support/fleet.js';
import { TcpProxy } from '../support/proxy.js';
import { createDatabase, describeWithMysql, describeWithRedis } from '../support/services.js';

describeWithMysql('an arrival of an agent that a server hears of late', () => {
  describeWithRedis('with Redis', () => {
    it('takes nothing from the agent that it was granted since', async () => {
      const fleet = await SmallFleet.start({ database: { name: 'MariaDB', create: createDatabase } });
      const { proxy, url } = await TcpProxy.beforeUrl(fleet.servers[0].url);
      const agent = await fleet.agent({ SERVER_URL: `${url},${fleet.servers[1].url}` });
      await agent.kill();
      proxy.silence();
      agent.launch();
      // By way of the other server.
      await agent.up();
      const jobId = await fleet.two.run('sleep 3; echo done');
      await fleet.two.waitForState(jobId, ['running']);
      await proxy.mend();
      expect(await fleet.two.waitForState(jobId, ['succeeded'])).toMatchObject({ attempt: 1 });
      await fleet.end();
    });
  });
});

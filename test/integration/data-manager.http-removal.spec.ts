import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { HttpFileStore } from '../../src/data-manager/index.js';
import { NOBODYS_ID } from '../support/answers.js';
import { eventually } from '../support/eventually.js';

it('a removal that is answered without an end is done, and its connection closed', async () => {
  let connections = 0;
  const talker = createServer((_request, response) => {
    const talk = (): void => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', talk);
    };
    talk();
  });
  talker.on('connection', (socket) => {
    connections += 1;
    socket.once('close', () => (connections -= 1));
  });
  await once(talker.listen(0, '127.0.0.1'), 'listening');
  const { port } = talker.address() as AddressInfo;
  const store = new HttpFileStore({ baseUrl: `http://127.0.0.1:${port}` });
  await store.remove(NOBODYS_ID);
  await eventually(() => {
    expect(connections).toBe(0);
  });
  store.close();
  talker.close();
});

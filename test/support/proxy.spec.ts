import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { atEndOfFile } from './end-of-file.js';
import { eventually } from './eventually.js';
import { TcpProxy } from './proxy.js';

/** What a server behind the proxy has received, and the proxy. */
async function setUp(): Promise<{ proxy: TcpProxy; received: string[]; call: () => Promise<Socket> }> {
  const received: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      received.push(String(data));
      socket.write(data);
    });
    socket.on('close', () => received.push('close'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEndOfFile(() => server.close());
  const proxy = await TcpProxy.before({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  const call = async (): Promise<Socket> => {
    const socket = createConnection(proxy.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    atEndOfFile(() => socket.destroy());
    return socket;
  };
  return { proxy, received, call };
}

it('passes on what is sent, and the end', async () => {
  const { received, call } = await setUp();
  const socket = await call();
  socket.write('hello');
  expect(String((await once(socket, 'data'))[0])).toBe('hello');
  socket.end();
  await once(socket, 'close');
  expect(received).toEqual(['hello', 'close']);
});

it('breaks off what there is and refuses what comes while it is cut', async () => {
  const { proxy, call } = await setUp();
  const socket = await call();
  proxy.cut();
  await eventually(() => {
    expect(socket.destroyed).toBe(true);
  });
  await expect(call()).rejects.toThrow('ECONNREFUSED');
  await proxy.mend();
  await call();
});

it('holds back all that happens while it is silent, and tells it once it is mended', async () => {
  const { proxy, received, call } = await setUp();
  proxy.silence();
  const socket = await call();
  socket.write('late');
  socket.end();
  await once(socket, 'finish');
  expect(received).toEqual([]);
  await proxy.mend();
  await eventually(() => {
    expect(received).toEqual(['late', 'close']);
  });
});

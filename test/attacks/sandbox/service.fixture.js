// Stands for the service, its database and whatever else listens on the host. Arguments: a path and a name for its sockets.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [path, name] = process.argv.slice(2);
const listening = async (/** @type {string | number} */ where) => {
  // Whoever only connects is gone by then.
  const server = createServer((socket) => socket.on('error', () => undefined).end('the service'));
  if (typeof where === 'number') server.listen(where, '127.0.0.1');
  else server.listen(where);
  await once(server, 'listening');
  return server.address();
};
const { port } = /** @type {import('node:net').AddressInfo} */ (await listening(0));
await listening(path ?? '');
await listening(`\0${name}`);
const [address] = readFileSync('/proc/self/maps', 'latin1').split('-');
process.stdout.write(`${JSON.stringify({ port, address })}\n`);

import { createReadStream, createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { whenForked } from '../shared/own-process.js';

/** PUT writes the body to the file that the path names, GET reads it: no more than a pipeline each. */
const server = createServer((request, response) => {
  const path = decodeURIComponent(request.url ?? '');
  const done =
    request.method === 'PUT'
      ? pipeline(request, createWriteStream(path)).then(() => response.end())
      : pipeline(createReadStream(path), response);
  done.catch((/** @type {unknown} */ error) => response.destroy(/** @type {Error} */ (error)));
});

await whenForked(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
});

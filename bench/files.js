/**
 * Megabytes a second of one large file: into the service and out of it over HTTP, and into and out of a job; beside `cp`, and a bare
 * Node server that is a pipeline between request and file. `BENCH_FILE_MB`: its size, 1024. Takes three times that of disk.
 */
import { join } from 'node:path';
import { bareIn, bareOut, cp, downloading, staging, storing, uploading } from './files/contestants.js';
import { makeSource } from './files/source.js';
import { upload } from './files/transfers.js';
import { hangUp } from './shared/api.js';
import { inDirectory } from './shared/directory.js';
import { parseJson } from './shared/json.js';
import { ownProcess } from './shared/own-process.js';
import { report } from './shared/report.js';
import { interleaved } from './shared/rounds.js';
import { startService } from './shared/services.js';

const MEGABYTES = Number(process.env.BENCH_FILE_MB ?? 1024);
const BARE_SERVER = join(import.meta.dirname, 'files', 'bare-server.js');

await inDirectory(async (directory) => {
  const source = await makeSource(join(directory, 'source'), MEGABYTES);
  const target = join(directory, 'target');
  const env = { MAX_OUTPUT_BYTES: String(2 * source.size) };
  const service = await startService({ name: 'SQLite', directory, concurrency: 2, env });
  const { url } = service;
  const server = /** @type {import('./shared/own-process.js').OwnProcess<object, number>} */ (
    ownProcess(BARE_SERVER)
  );
  const bare = `http://127.0.0.1:${await server.run({})}`;
  const { id } = /** @type {{ id: string }} */ (parseJson(await upload(`${url}/files`, source)));
  const contestants = [
    cp(source, target),
    bareIn(source, target, bare),
    bareOut(source, target, bare),
    uploading(source, url),
    downloading(source, target, url, id),
    await staging(source, url, id),
    storing('answer of a job', source, url),
    storing('output file of a job', source, url),
  ];
  console.log(`a file of ${MEGABYTES} MiB; all that came out of the service compared by sha256\n`);
  // A round is long enough to be warm; a slow machine gets fewer of them.
  const figures = await interleaved(contestants, { atLeast: 1, atMost: 3, enoughMs: 45_000, warmUp: 0 });
  const only = (/** @type {string[]} */ ...names) =>
    new Map(names.map((name) => [name, figures.get(name) ?? []]));
  report('files in', 'MB/s', only('cp', 'bare Node, in', 'upload'), 2);
  report('files out', 'MB/s', only('cp', 'bare Node, out', 'download'), 2);
  report('files of jobs', 'MB/s', only('cp', 'input of a job', 'answer of a job', 'output file of a job'));
  hangUp();
  await server.end();
  await service.stop();
});

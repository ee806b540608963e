import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type ReadableStream } from 'node:stream/web';
import { expect, it } from '@jest/globals';
import { peakMemory, residentMemory, resetPeakMemory } from '../support/processes.js';
import { useServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';

const MEGABYTES_100 = 100 * 1024 * 1024;
/** Written to standard error by the job, so that the check needs no second copy of the output. */
const RANDOM_OUTPUT = `head -c ${MEGABYTES_100} /dev/urandom > random; sha256sum < random >&2; cat random`;

/** Every code point that a command may have: all of the BMP but NUL and surrogates, and some beyond. */
function allOfUnicode(): string {
  let text = '';
  for (let point = 1; point <= 0xffff; point += 1) {
    if (point < 0xd800 || point > 0xdfff) text += String.fromCodePoint(point);
  }
  return `${text}\u{10000}\u{1F600}\u{1F468}\u200D\u{1F469}\u{2F800}\u{E0001}\u{10FFFF}`;
}

/** Pieces whose command stays below the limit of one argument. */
function pieces(text: string): string[] {
  const points = Array.from(text);
  return Array.from({ length: Math.ceil(points.length / 20_000) }, (_, index) =>
    points.slice(index * 20_000, (index + 1) * 20_000).join(''),
  );
}

describeOnDatabases('bytes', (database) => {
  const server = useServer(() => ({ database }));

  it('of all of Unicode, quotes and newlines arrive in the command as given', async () => {
    const { client } = server();
    for (const piece of pieces(allOfUnicode())) {
      const command = `printf %s '${piece.replaceAll("'", String.raw`'\''`)}'`;
      const { answer_id, command: kept } = await client.waitForState(await client.run(command), [
        'succeeded',
      ]);
      expect(kept === command).toBe(true);
      expect((await client.download(String(answer_id))).equals(Buffer.from(piece))).toBe(true);
    }
  });

  it('of a command in a form and in JSON escapes are the same', async () => {
    const { client } = server();
    const command = 'printf %s "a+b & c=d %41 \u00e9\u{1F600}\r\n\t{}"';
    const escaped = command.replaceAll(
      /[^ -~]|"/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    const answers = await Promise.all([
      client.call('POST', '/run', { body: new URLSearchParams({ command }) }),
      client.call('POST', '/run', { body: `{"command": "${escaped}"}` }),
    ]);
    for (const { body } of answers) {
      const info = await client.info((body as { job_id: string }).job_id);
      expect(info.command).toBe(command);
    }
  });

  it('of 100 MB of output arrive one by one, and take no memory', async () => {
    const { client, pid, url } = server();
    await client.answerOf('echo warm');
    await resetPeakMemory(pid);
    const before = await residentMemory(pid);

    const jobId = await client.run(RANDOM_OUTPUT);
    const info = await client.waitForState(jobId, ['succeeded'], { withinMs: 60_000 });
    const expected = (await client.download(String(info.stderr_id))).toString().slice(0, 64);
    const answer = await fetch(`${url}/files/${String(info.answer_id)}/data`);
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of Readable.fromWeb(answer.body as ReadableStream<Uint8Array>)) {
      hash.update(chunk as Uint8Array);
      size += (chunk as Uint8Array).length;
    }
    expect({ size, sha256: hash.digest('hex') }).toEqual({ size: MEGABYTES_100, sha256: expected });
    expect((await peakMemory(pid)) - before).toBeLessThan(MEGABYTES_100);
  });
});

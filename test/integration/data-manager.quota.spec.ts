import { beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type LocalFileStore } from '../../src/data-manager/index.js';
import { SMALL_FILE_BYTES } from '../../src/data-manager/local/staged-bytes.js';
import { bytes, endless, sourceOf } from '../support/file-sources.js';
import { openLocalStore } from '../support/local-store.js';
import { MovableClock } from '../support/movable-clock.js';
import { filesBelow } from '../support/stored-files.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const MOST = 1_000_000;
const SMALL = bytes(1_000);
const LARGE = bytes(SMALL_FILE_BYTES + 1);
const KINDS = [
  ['small', SMALL],
  ['large', LARGE],
] as const;
const REFUSED = { code: 'invalid_request', message: expect.stringContaining('Over quota') };

let directory: string;
let clock: MovableClock;
let store: LocalFileStore;

beforeEach(async () => {
  directory = join(await temporaryDirectory(), 'files');
  clock = new MovableClock(1_000_000);
  store = await openLocalStore(directory, clock, MOST);
});

const of = (owner: string) =>
  store.on({ jobId: randomUUID(), attempt: 1, token: randomUUID(), owner, hasQuota: true });
const put = (content: Buffer, { owner = 'alice', id }: { owner?: string; id?: string } = {}) =>
  of(owner).put(sourceOf(content), { id: id ?? randomUUID(), name: 'x' });
/** What is left of an owner's quota, told by what can be stored and what can't. */
async function expectLeft(left: number, owner = 'alice'): Promise<void> {
  await expect(put(bytes(left + 1), { owner })).rejects.toMatchObject(REFUSED);
  const { id } = await put(bytes(left), { owner });
  await store.remove(id);
}
async function startAgain(most: number | null = MOST): Promise<void> {
  store.close();
  store = await openLocalStore(directory, clock, most ?? undefined);
}

it('takes files up to the last byte of what their owner may store, and says the numbers where it does not', async () => {
  await put(LARGE);
  await put(SMALL);
  const used = LARGE.length + SMALL.length;
  await expect(put(bytes(MOST - used + 1))).rejects.toMatchObject({
    code: 'invalid_request',
    message: `Over quota: ${used} of the ${MOST} bytes that alice may store are taken, and this file would be too much. Delete files, or jobs with their answers.`,
  });
  await expectLeft(MOST - used);
  await expectLeft(MOST, 'bob');
});

it('takes an empty file even from who has nothing left', async () => {
  await put(bytes(MOST));
  await expect(put(bytes(0))).resolves.toMatchObject({ size: 0 });
});

it('stops a stream that has no end where the quota ends, and leaves nothing of it', async () => {
  const before = await filesBelow(directory);
  let flowed = 0;
  const { open } = endless(() => (flowed += 1)) as { open: () => Readable };
  await expect(of('alice').put({ open }, { id: randomUUID(), name: 'x' })).rejects.toMatchObject(REFUSED);
  expect(await filesBelow(directory)).toEqual(before);
  // Not even a second more of it was asked for than fits: twenty pieces of 64 KiB are more than the quota.
  expect(flowed).toBe(0);
  await expectLeft(MOST);
});

it('leaves a file that it was to take over where it is', async () => {
  const path = join(directory, '..', 'result');
  await writeFile(path, bytes(MOST + 1));
  const source = { open: () => Readable.from([]), ownedPath: path };
  await expect(of('alice').put(source, { id: randomUUID(), name: 'x' })).rejects.toMatchObject(REFUSED);
  await writeFile(path, bytes(MOST));
  await expect(of('alice').put(source, { id: randomUUID(), name: 'x' })).resolves.toMatchObject({
    size: MOST,
  });
  await expect(put(SMALL)).rejects.toMatchObject(REFUSED);
});

describe.each(KINDS)('%s files', (_kind, content) => {
  const fitting = Math.floor(MOST / content.length);

  it('get in together where they fit together', async () => {
    await Promise.all(Array.from({ length: fitting }, () => put(content)));
    await expectLeft(MOST - fitting * content.length);
  });

  it('never get in together where they do not fit together, whichever those are that do', async () => {
    const tries = Array.from({ length: 3 * fitting }, () => put(content));
    const results = await Promise.allSettled(tries);
    const stored = results.filter(({ status }) => status === 'fulfilled').length;
    expect(stored).toBeGreaterThan(0);
    await expectLeft(MOST - stored * content.length);
  });

  it('give back what they took when they are removed', async () => {
    const ids = await Promise.all(Array.from({ length: fitting }, async () => (await put(content)).id));
    await Promise.all(ids.map((id) => store.remove(id)));
    await expectLeft(MOST);
  });

  it('give it back the moment that their time is over, and once only', async () => {
    const kept = await put(content);
    const room = store.roomFor(randomUUID(), 'alice');
    const staged = await store.stage(Readable.from([bytes(MOST - content.length)]), room);
    await store.commit(staged, { id: randomUUID(), name: 'x', owner: 'alice', ttl: 10n });
    const dying = await store.stage(Readable.from([Buffer.alloc(0)]), room);
    await store.commit(dying, { id: randomUUID(), name: 'x', owner: 'alice', ttl: 10n });
    clock.advance(9_999);
    await expect(put(SMALL)).rejects.toMatchObject(REFUSED);
    clock.advance(1);
    await expectLeft(MOST - content.length);
    await store.sweep();
    await expectLeft(MOST - content.length);
    await store.remove(kept.id);
    await expectLeft(MOST);
  });

  it('cost nothing when they are stored again, also where nothing else would fit', async () => {
    const id = randomUUID();
    await put(content, { id });
    await put(bytes(MOST - content.length));
    await expect(put(content, { id })).resolves.toMatchObject({ id });
    await expect(put(Buffer.concat([content, SMALL]), { id })).rejects.toMatchObject(REFUSED);
    await store.remove(id);
    await expectLeft(content.length);
  });

  it('are not let in for one that is removed meanwhile', async () => {
    const id = randomUUID();
    await put(content, { id });
    const room = store.roomFor(id, 'alice');
    await put(bytes(MOST - content.length));
    const staged = await store.stage(Readable.from([content]), room);
    await store.remove(id);
    await put(content);
    await expect(store.commit(staged, { id, name: 'x', owner: 'alice' })).rejects.toMatchObject(REFUSED);
  });

  it('take the place of those that expired under their id', async () => {
    const id = randomUUID();
    const staged = await store.stage(Readable.from([LARGE]), store.roomFor(id, 'alice'));
    await store.commit(staged, { id, name: 'x', owner: 'alice', ttl: 1n });
    const small = await store.stage(Readable.from([SMALL]), store.roomFor(id, 'alice'));
    clock.advance(1_000);
    await store.commit(small, { id, name: 'x', owner: 'alice', ttl: 1n });
    clock.advance(1_000);
    await put(content, { id });
    await expectLeft(MOST - content.length);
  });

  it('count after a start as they did before', async () => {
    await put(content);
    const { id } = await put(content);
    await put(content, { owner: 'bob' });
    await store.remove(id);
    await startAgain();
    await expectLeft(MOST - content.length);
    await expectLeft(MOST - content.length, 'bob');
  });

  it('count where they were stored while nothing was counted', async () => {
    const { id } = await put(content);
    const replaced = await put(content);
    await startAgain(null);
    await put(bytes(MOST + 1));
    await store.remove(id);
    await store.remove(replaced.id);
    await put(Buffer.concat([content, SMALL]), { owner: 'bob', id: replaced.id });
    await startAgain(3 * MOST);
    const alices = 3 * MOST - (MOST + 1);
    await expectLeft(alices);
    await expectLeft(3 * MOST - content.length - SMALL.length, 'bob');
  });
});

it('forgets at a start what it noted of files that never came, or went', async () => {
  const { id } = await put(LARGE);
  store.close();
  await rm(join(directory, 'by-id', id.slice(-2), id));
  await startAgain();
  await expectLeft(MOST);
});

it('starts with a file whose description is damaged, which counts for nobody', async () => {
  const { id } = await put(LARGE);
  await startAgain(null);
  await writeFile(join(directory, 'by-id', id.slice(-2), `${id}.json`), '{');
  await startAgain();
  await expectLeft(MOST);
});

it('counts nothing for who has no quota', async () => {
  const free = store.on({
    jobId: randomUUID(),
    attempt: 1,
    token: randomUUID(),
    owner: 'root',
    hasQuota: false,
  });
  await free.put({ bytes: bytes(MOST + 1) }, { id: randomUUID(), name: 'x' });
  await expect(put(SMALL, { owner: 'root' })).rejects.toMatchObject(REFUSED);
  await expectLeft(MOST);
});

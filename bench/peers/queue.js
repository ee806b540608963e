/**
 * What a caller does with a peer. Each module beside this one opens one, with `openQueue(target)`, and but for task-spooler, which
 * runs its jobs itself, has `startWorker(order)`.
 *
 * @typedef {object} PeerQueue
 * @property {(jobs: PeerJob[]) => Promise<void>} submit resolves once all are accepted
 * @property {(lastId: string) => Promise<boolean>} allEnded whether they have; asks for the last one first where that costs less
 * @property {(ids: string[]) => Promise<string[] | undefined>} answers fails unless all have succeeded; undefined where the peer
 *   keeps no answers
 * @property {() => Promise<void>} close
 */

/** @typedef {{ id: string, command: string }} PeerJob `id`: a UUID */

/**
 * @typedef {object} WorkerOrder
 * @property {string} target address of the peer
 * @property {string} directory where jobs get their directories
 * @property {number} concurrency commands at once
 */

/**
 * What each module of a peer exports.
 *
 * @typedef {object} PeerModule
 * @property {(target: string, concurrency: number) => Promise<PeerQueue>} openQueue
 * @property {(order: WorkerOrder) => Promise<void>} [startWorker]
 */

/** @param {string | undefined} name @returns {Promise<PeerModule>} */
export function peerNamed(name) {
  return import(`./${name}.js`);
}

/** As many as our callers have under way. */
const IN_FLIGHT = 32;

/**
 * Does it for each item, so many at once.
 *
 * @template Item
 * @template Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} act
 * @param {number} [atOnce]
 * @returns {Promise<Result[]>}
 */
export async function forEach(items, act, atOnce = IN_FLIGHT) {
  /** @type {Result[]} */
  const results = [];
  const left = items.entries();
  const one = async () => {
    for (const [index, item] of left) results[index] = await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return results;
}

/**
 * One of those that are compared: `run` does one round and answers with its figure.
 *
 * @template [Figure=number]
 * @typedef {object} Contestant
 * @property {string} name
 * @property {() => Promise<Figure>} run
 */

/**
 * @typedef {object} Rounds
 * @property {number} [atLeast] rounds that count; 3 where it is not said
 * @property {number} [atMost] 5 where it is not said
 * @property {number} [warmUp] rounds before that do not count; 1 where it is not said
 * @property {number} [enoughMs] after so long no further round begins: a slow machine gets fewer rounds, not a longer run
 */

const DEFAULTS = { atLeast: 3, atMost: 5, enoughMs: 40_000, warmUp: 1 };

/**
 * Runs all contestants in turns, since a machine's speed drifts.
 *
 * @template [Figure=number]
 * @param {readonly Contestant<Figure>[]} contestants
 * @param {Rounds} [rounds]
 * @returns {Promise<Map<string, Figure[]>>} the figures of each, one a round
 */
export async function interleaved(contestants, rounds) {
  const { atLeast, atMost, enoughMs, warmUp } = { ...DEFAULTS, ...rounds };
  /** @type {Map<string, Figure[]>} */
  const figures = new Map(contestants.map(({ name }) => [name, []]));
  const start = performance.now();
  for (let round = 1 - warmUp; round <= atMost; round += 1) {
    if (round > atLeast && performance.now() - start > enoughMs) break;
    for (const { name, run } of contestants) {
      const figure = await run();
      if (round > 0) figures.get(name)?.push(figure);
    }
  }
  return figures;
}

/** @param {readonly number[]} values */
export function median(values) {
  return percentile(values, 0.5);
}

/**
 * @param {readonly number[]} values
 * @param {number} share 0 … 1
 */
export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

import { percentile } from '../shared/rounds.js';

/**
 * @param {string} database
 * @param {readonly number[]} sizes jobs in each table
 * @param {readonly import('./measure.js').Line[]} lines
 */
export function print(database, sizes, lines) {
  const width = Math.max(...lines.map(({ name }) => name.length));
  const heads = sizes.map((size) => `${size.toExponential(0).replace('+', '')} jobs`.padStart(22));
  console.log(
    `read on ${database}: ms, p50 / p99 (ids in the page); ratio of p50 at the last size to the first\n`,
  );
  console.log(`${''.padEnd(width)}${heads.join('')}  ratio`);
  const figures = lines.map(({ name, times, ids }) => {
    const p50 = times.map((of) => percentile(of, 0.5));
    const p99 = times.map((of) => percentile(of, 0.99));
    const cells = p50.map((half, index) =>
      `${shown(half)} / ${shown(p99[index])} (${ids[index] ?? 0})`.padStart(22),
    );
    const ratio = (p50.at(-1) ?? NaN) / (p50[0] ?? NaN);
    console.log(`${name.padEnd(width)}${cells.join('')}  ${ratio.toFixed(2)}`);
    return { name, p50, p99, ids, ratio };
  });
  const worst = Math.max(...figures.map(({ ratio }) => ratio));
  console.log(`\nworst ratio ${worst.toFixed(2)}`);
  console.log(`\n${JSON.stringify({ benchmark: 'read', unit: 'ms', database, sizes, worst, figures })}\n`);
}

/** @param {number | undefined} ms */
function shown(ms = NaN) {
  return ms.toFixed(2);
}

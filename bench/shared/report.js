import { median } from './rounds.js';

/**
 * Prints the median of each contestant, its range, and its ratio to each yardstick; then all of it as one line of JSON,
 * where `ratio` is the one to the first yardstick.
 *
 * @param {string} benchmark
 * @param {string} unit of the figures, such as `jobs/s`
 * @param {Map<string, number[]>} figures of each contestant, one a round; the yardsticks first
 * @param {number} [yardsticks] how many of them are yardsticks
 */
export function report(benchmark, unit, figures, yardsticks = 1) {
  const rows = [...figures].map(([name, all]) => ({ name, figure: median(all), all }));
  const measures = rows.slice(0, yardsticks);
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`${benchmark}: medians of ${rows[0]?.all.length ?? 0} interleaved rounds\n`);
  for (const { name, figure, all } of rows) {
    const range = `${shown(Math.min(...all))} to ${shown(Math.max(...all))}`;
    const ratios = measures.map((of) => `${(figure / of.figure).toFixed(2)} of ${of.name}`).join(', ');
    console.log(`${name.padEnd(width)} ${shown(figure).padStart(8)} ${unit} (${range}), ${ratios}`);
  }
  const json = rows.map(({ name, figure }) => {
    const ratios = Object.fromEntries(measures.map((of) => [of.name, figure / of.figure]));
    return [name, { figure, ratio: Object.values(ratios)[0], ratios }];
  });
  const [first] = measures;
  console.log(
    `\n${JSON.stringify({ benchmark, unit, yardstick: first?.name, ...Object.fromEntries(json) })}\n`,
  );
}

/** @param {number} figure */
function shown(figure) {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}

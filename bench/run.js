/** `npm run bench -- NAME` runs bench/NAME.js; without a name, the throughput of jobs. */
import { readdirSync } from 'node:fs';

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.js') && file !== 'run.js')
  .map((file) => file.slice(0, -'.js'.length));
const name = process.argv[2] ?? 'throughput';
if (names.includes(name)) await import(`./${name}.js`);
else {
  console.error(`There is no benchmark ${JSON.stringify(name)}. There are: ${names.join(', ')}.`);
  process.exitCode = 2;
}

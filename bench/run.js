/** `npm run bench -- NAME` runs bench/NAME.js; without a name, the throughput of jobs. */
const name = process.argv[2] ?? 'throughput';
if (!/^[a-z-]+$/.test(name)) throw new Error(`no benchmark has the name ${JSON.stringify(name)}`);
await import(`./${name}.js`);

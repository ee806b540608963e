/** Loaded into a service before anything else: fills its heap with `BALLAST_MB` of small live objects, as a busy host would. */
const MB = 1 << 20;
const wanted = process.memoryUsage().heapUsed + Number(process.env.BALLAST_MB) * MB;

/** @type {object[]} */
const ballast = [];
while (process.memoryUsage().heapUsed < wanted) {
  for (let index = 0; index < 10_000; index += 1) {
    ballast.push({ index: ballast.length, name: `object ${ballast.length}`, next: ballast.at(-1) });
  }
}
// Reachable for as long as the process lives.
Object.assign(globalThis, { ballast });

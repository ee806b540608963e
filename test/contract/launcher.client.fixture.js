/**
 * A client that runs one command, to be stopped: `node … INSTANCE PROGRAM CONTAINMENT DIRECTORY COMMAND MS`. Says, one JSON
 * value a line, by when the command is to end (`MS` after its launch) once it runs, and how it ended.
 */
const [instance = '', program, containment, directory = '', command = '', ms] = process.argv.slice(2);
/** @type {typeof import('../../src/execution/runner/launcher-client.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const built = await import(new URL('../../dist/execution/runner/launcher-client.js', import.meta.url).href);
/** @type {typeof import('../../src/kernel/clock.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { monotonicNow } = await import(new URL('../../dist/kernel/clock.js', import.meta.url).href);

const launcher = new built.LauncherClient({
  instance,
  program: /** @type {import('../../src/execution/runner/launcher.js').LauncherProgram} */ (program),
  containment: /** @type {import('../../src/execution/runner/launcher.js').Containment} */ (containment),
});
await launcher.start();
const files = {
  workingDirectory: directory,
  stdoutPath: `${directory}/out`,
  stderrPath: `${directory}/err`,
};
const limits = { maxOutputBytes: 1e6, endBy: monotonicNow() + Number(ms), limits: {}, network: false };
const running = await launcher.launch({ key: '1', command, environment: {}, ...limits, ...files });
process.stdout.write(`${JSON.stringify(limits.endBy)}\n`);
process.stdout.write(`${JSON.stringify(await running.ended)}\n`);
await launcher.close();

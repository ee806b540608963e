/**
 * A server that does nothing but run commands, to be killed: `node … INSTANCE PROGRAM CONTAINMENT DIRECTORY COMMAND COUNT`.
 * Says its launcher's process id when all are running.
 */
const [instance = '', program, containment, directory = '', command = '', count] = process.argv.slice(2);
/** @type {typeof import('../../src/execution/runner/launcher-client.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const built = await import(new URL('../../dist/execution/runner/launcher-client.js', import.meta.url).href);

const launcher = new built.LauncherClient({
  instance,
  program: /** @type {import('../../src/execution/runner/launcher.js').LauncherProgram} */ (program),
  containment: /** @type {import('../../src/execution/runner/launcher.js').Containment} */ (containment),
});
await launcher.start();
for (let index = 0; index < Number(count); index += 1) {
  const [stdoutPath, stderrPath] = [`${directory}/${index}.out`, `${directory}/${index}.err`];
  const files = { workingDirectory: directory, stdoutPath, stderrPath };
  const limits = { maxOutputBytes: 1e6, endBy: null, limits: {}, network: false };
  await launcher.launch({ key: String(index), command, environment: {}, ...limits, ...files });
}
process.stdout.write(`${launcher.pid}\n`);

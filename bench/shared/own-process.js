import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * @typedef {object} Work
 * @property {string} target an address or a directory
 * @property {number} jobs
 * @property {number} concurrency
 */

/**
 * @template {object} Told
 * @template Answer
 * @typedef {object} OwnProcess
 * @property {(work: Told) => Promise<Answer>} run one at a time
 * @property {() => Promise<void>} end
 */

/**
 * Starts a script in a process of its own, so that no measurement bears another's memory or is slowed by its event loop;
 * and keeps it, so that only its first round is a cold one.
 *
 * @template {object} Told
 * @template Answer
 * @param {string} script its path
 * @param {string[]} [parameters] its arguments
 * @returns {OwnProcess<Told, Answer>}
 */
export function ownProcess(script, parameters = []) {
  const child = fork(script, parameters);
  const exited = once(child, 'exit');
  const failed = exited.then(() => Promise.reject(new Error(`${script} failed`)));
  // Whoever waits for an answer is told.
  failed.catch(() => undefined);
  return {
    run: async (work) => {
      const answered = /** @type {Promise<[Answer]>} */ (once(child, 'message'));
      child.send(work);
      const [answer] = await Promise.race([answered, failed]);
      return answer;
    },
    end: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/**
 * The other end: does the work whenever told to, and tells what came of it. A failure ends the process.
 *
 * @template {object} [Told=Work]
 * @template [Answer=number]
 * @param {(work: Told) => Promise<Answer>} run
 * @param {() => Promise<void>} [end] what is to be done before the process ends
 */
export async function whenForked(run, end = () => Promise.resolve()) {
  process.on('message', (message) => {
    void run(/** @type {Told} */ (message)).then((answer) => process.send?.(answer));
  });
  await once(process, 'disconnect');
  await end();
  // Connections that are still open must not keep it.
  process.exit();
}

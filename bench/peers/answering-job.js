import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobInNode } from '../shared/job-in-node.js';

/**
 * The job, as a peer's worker does it that keeps the answer.
 *
 * @param {string} root
 * @param {import('./queue.js').PeerJob} job
 * @returns {Promise<{ answer: string }>}
 */
export async function answeringJob(root, { id, command }) {
  const answer = await jobInNode(join(root, id), command, (path) => readFile(path, 'utf8'));
  return { answer: answer ?? '' };
}

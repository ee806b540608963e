import { isSafeGlob } from '../../../execution/output-globs.port.js';
import { type Rule } from '../../../http/property-rules.js';
import { MAX_OUTPUT_GLOBS } from '../../job.types.js';

/** Globs of files to keep, relative to the working directory. */
export const outputFilesRule: Rule = (value) => {
  if (!Array.isArray(value)) return 'must be an array of globs';
  if (value.length > MAX_OUTPUT_GLOBS) return `must be at most ${MAX_OUTPUT_GLOBS} globs`;
  const wrong = value.findIndex((glob) => typeof glob !== 'string' || !isSafeGlob(glob));
  if (wrong === -1) return undefined;
  return `must hold globs relative to the working directory (no "..", no leading "/"), which its element ${wrong} is not`;
};

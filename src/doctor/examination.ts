import { messageOf } from '../kernel/errors.js';
import { type Check, type Disagreement } from './check.js';

export interface ExaminationOptions {
  readonly mends: boolean;
  /** Takes a line of the report. */
  readonly say: (line: string) => void;
}

export interface Outcome {
  readonly found: number;
  readonly mended: number;
  /** Checks that could not be made to their end. */
  readonly failed: number;
}

/** Makes one check after the other, and mends what it finds where that was asked for. */
export async function examine(
  checks: readonly Check[],
  { mends, say }: ExaminationOptions,
): Promise<Outcome> {
  let [found, mended, failed] = [0, 0, 0];
  for (const check of checks) {
    const before = found;
    try {
      for await (const disagreement of check.find()) {
        found += 1;
        if (await isMended(disagreement, mends, say)) mended += 1;
      }
      if (found === before) say(`right     ${check.name}: none`);
    } catch (error) {
      failed += 1;
      say(`failed    ${check.name}: ${messageOf(error)}`);
    }
  }
  return { found, mended, failed };
}

async function isMended(
  { text, mend }: Disagreement,
  mends: boolean,
  say: (line: string) => void,
): Promise<boolean> {
  if (!mends || mend === undefined) {
    say(`wrong     ${text}`);
    return false;
  }
  try {
    await mend();
    say(`mended    ${text}`);
    return true;
  } catch (error) {
    say(`wrong     ${text} It can't be mended: ${messageOf(error)}`);
    return false;
  }
}

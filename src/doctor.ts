#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { type AppConfig, loadConfig } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { examinationOf } from './doctor.parts.js';
import { examine } from './doctor/examination.js';
import { messageOf } from './kernel/errors.js';
import { configured } from './process-life.js';

const USAGE = `npm run doctor [-- --mend]

Looks for disagreement between database, files, queue and processes, with the settings of the server.
Where the database is SQLite the server must be stopped. Ends with 0 where all agrees, or was mended;
with 1 where something is wrong; with 2 where it could not be looked at.

  --mend   makes right what it finds, and touches nothing else
`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function isMending(): boolean {
  try {
    const options = { mend: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ options });
    if (values.help !== true) return values.mend === true;
    say(USAGE);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

async function run(config: AppConfig, mends: boolean): Promise<number> {
  const examination = await examinationOf(config);
  try {
    const { found, mended, failed } = await examine(examination.checks, { mends, say });
    for (const omission of examination.omitted) say(`left out  ${omission}`);
    say(`${String(found)} found, ${String(mended)} mended.`);
    if (failed > 0) return 2;
    return found === mended ? 0 : 1;
  } finally {
    await examination.close();
  }
}

const mends = isMending();
const config = configured(() => loadConfig(readEnvironment(process.env)));
try {
  process.exitCode = await run(config, mends);
} catch (error) {
  process.stderr.write(`The doctor can't look: ${messageOf(error)}\n`);
  process.exitCode = 2;
}

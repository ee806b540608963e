import { MAX_OUTPUTS } from '../../execution/attempt-files.port.js';
import {
  MAX_REASON_LENGTH,
  MAX_REPORTED_LEASES,
  MAX_REPORTED_PATH_BYTES,
} from '../../execution/report-wire.port.js';
import { type Rule } from '../../http/property-rules.js';
import { booleanRule } from '../api/rules/boolean.rule.js';
import { uuidRule } from '../api/rules/id.rules.js';
import { integerRule } from '../api/rules/number.rules.js';
import { requiresRule } from '../api/rules/requires.rule.js';
import { lineRule } from '../api/rules/text.rules.js';
import { isRecord, listRule, orAbsent, orNull, recordRule } from './composed.rules.js';

const MAX_INT = 2_147_483_647;
const MAX_CONCURRENCY = 10_000;
const MAX_SIGNAL_LENGTH = 16;

const MAX_ENFORCED = 64;
const MAX_LIMIT_WORD_LENGTH = 64;

export const agentNameRule = lineRule(255);

export const agentRule = recordRule({
  name: agentNameRule,
  labels: requiresRule,
  concurrency: integerRule({ min: 1, max: MAX_CONCURRENCY }),
  generation: integerRule({ min: 1, max: MAX_INT }),
  enforces: orAbsent(listRule(MAX_ENFORCED, lineRule(MAX_LIMIT_WORD_LENGTH))),
});

export const leaseRule = recordRule({
  job_id: uuidRule,
  attempt: integerRule({ min: 1, max: MAX_INT }),
  token: uuidRule,
});

export const leasesRule = listRule(MAX_REPORTED_LEASES, leaseRule);

const reasonRule: Rule = (value) =>
  typeof value === 'string' && value.length <= MAX_REASON_LENGTH
    ? undefined
    : `must be a string of at most ${MAX_REASON_LENGTH} characters`;

/** Lone surrogates pass: JSON, here and in the database, writes them as escapes. */
const pathRule: Rule = (value) => {
  const isPath =
    typeof value === 'string' &&
    value !== '' &&
    Buffer.byteLength(value) <= MAX_REPORTED_PATH_BYTES &&
    !value.includes('\0');
  return isPath
    ? undefined
    : `must be a path of 1 to ${MAX_REPORTED_PATH_BYTES} bytes without a NUL character`;
};

const outputRule = recordRule({
  path: pathRule,
  file_id: uuidRule,
  size: integerRule({ min: 0, max: Number.MAX_SAFE_INTEGER }),
});

const amountRule: Rule = (value) =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER
    ? undefined
    : 'must be a number from 0 on';

const usageRule = recordRule({
  cpu_seconds: orNull(amountRule),
  peak_memory_bytes: orNull(amountRule),
  written_bytes: orNull(amountRule),
});

const RULE_OF_KIND: ReadonlyMap<unknown, Rule> = new Map([
  ['returned', recordRule({})],
  ['fault', recordRule({ reason: reasonRule, passing: booleanRule })],
  [
    'ended',
    recordRule({
      succeeded: booleanRule,
      exit_code: orNull(integerRule({ min: -MAX_INT, max: MAX_INT })),
      signal: orNull(lineRule(MAX_SIGNAL_LENGTH)),
      reason: orNull(reasonRule),
      repeatable: booleanRule,
      answer_id: uuidRule,
      stderr_id: orNull(uuidRule),
      outputs: listRule(MAX_OUTPUTS, outputRule),
      usage: orAbsent(orNull(usageRule)),
      published_in_ms: orAbsent(orNull(amountRule)),
    }),
  ],
]);

export const resultRule: Rule = (value) => {
  const rule = RULE_OF_KIND.get(isRecord(value) ? value['kind'] : undefined);
  return rule === undefined ? 'must be an object of the kind ended, fault or returned' : rule(value);
};

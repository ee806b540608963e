import { LIMIT_WORDS } from '../../../execution/limits.port.js';
import { type Rule } from '../../../http/property-rules.js';
import { LIMIT_RANGES } from '../../job.types.js';
import { booleanRule } from './boolean.rule.js';
import { asInteger, integerRule } from './number.rules.js';

const RULES: ReadonlyMap<string, Rule> = new Map([
  [LIMIT_WORDS.cpuSeconds, integerRule(LIMIT_RANGES.cpuSeconds)],
  [LIMIT_WORDS.memoryBytes, integerRule(LIMIT_RANGES.memoryBytes)],
  [LIMIT_WORDS.pids, integerRule(LIMIT_RANGES.pids)],
  [LIMIT_WORDS.diskBytes, integerRule(LIMIT_RANGES.diskBytes)],
  [LIMIT_WORDS.network, booleanRule],
]);

/** What a job may use, each of it if it says so. */
export const limitsRule: Rule = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
  for (const [word, limit] of Object.entries(value)) {
    const rule = RULES.get(word);
    const fault = rule === undefined ? `is unknown; there are ${[...RULES.keys()].join(', ')}` : rule(limit);
    if (fault !== undefined) return `can't be used: ${JSON.stringify(word.slice(0, 80))} ${fault}`;
  }
  return undefined;
};

/** Of form fields, which are all text; others come back as they are. */
export function asLimits(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const words: ReadonlyMap<unknown, boolean> = new Map([
    ['true', true],
    ['false', false],
  ]);
  return Object.fromEntries(
    Object.entries(value).map(([word, limit]) => [word, words.get(limit) ?? asInteger(limit)]),
  );
}

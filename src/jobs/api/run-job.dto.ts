import { limitsFromWire, type WireLimits } from '../../execution/limits.port.js';
import { Given } from '../../http/given.js';
import { MayBeAbsent, Must } from '../../http/must.js';
import { PRIORITY_RANGE, RETRIES_RANGE, type RunRequest, TIMEOUT_RANGE } from '../job.types.js';
import { asArray, inputFilesRule, lowerCased, uuidRule } from './rules/id.rules.js';
import { booleanRule } from './rules/boolean.rule.js';
import { asLimits, limitsRule } from './rules/limits.rule.js';
import { envRule, labelsRule } from './rules/map.rules.js';
import { asInteger, integerRule, ttlRule, uint64 } from './rules/number.rules.js';
import { outputFilesRule } from './rules/output-files.rule.js';
import { requiresRule } from './rules/requires.rule.js';
import { asWebhook, webhookRule } from './rules/webhook.rule.js';
import { commandRule, lineRule } from './rules/text.rules.js';

const MAX_NAME_LENGTH = 255;

/** The body of `POST /run`. */
export class RunJobDto {
  @Must(commandRule)
  command!: string;

  @MayBeAbsent()
  @Given(lowerCased)
  @Must(uuidRule)
  binary?: string;

  @MayBeAbsent()
  @Given(lowerCasedAll)
  @Must(inputFilesRule)
  input_files?: string[];

  @MayBeAbsent()
  @Given((value) => uint64(value) ?? value)
  @Must(ttlRule)
  ttl?: bigint;

  @MayBeAbsent()
  @Given(asArray)
  @Must(outputFilesRule)
  output_files?: string[];

  @MayBeAbsent()
  @Given()
  @Must(envRule)
  env?: Record<string, string>;

  @MayBeAbsent()
  @Must(lineRule(MAX_NAME_LENGTH))
  name?: string;

  @MayBeAbsent()
  @Given()
  @Must(labelsRule)
  labels?: Record<string, string>;

  @MayBeAbsent()
  @Given(asInteger)
  @Must(integerRule(TIMEOUT_RANGE))
  timeout?: number;

  @MayBeAbsent()
  @Given(asInteger)
  @Must(integerRule(RETRIES_RANGE))
  retries?: number;

  @MayBeAbsent()
  @Given((value) => (value === 'true' ? true : value === 'false' ? false : value))
  @Must(booleanRule)
  retry_on_failure?: boolean;

  @MayBeAbsent()
  @Given(asInteger)
  @Must(integerRule(PRIORITY_RANGE))
  priority?: number;

  @MayBeAbsent()
  @Given(asArray)
  @Must(requiresRule)
  requires?: string[];

  @MayBeAbsent()
  @Given(asLimits)
  @Must(limitsRule)
  limits?: WireLimits;

  @MayBeAbsent()
  @Given(asWebhook)
  @Must(webhookRule)
  webhook?: string;
}

function lowerCasedAll(value: unknown): unknown {
  const given = asArray(value);
  return Array.isArray(given) ? given.map(lowerCased) : given;
}

/** The validated wish, in the words of the domain. */
export function runRequestOf(dto: RunJobDto): RunRequest {
  const { input_files, output_files, retry_on_failure, limits, ...same } = dto;
  return {
    ...same,
    ...(input_files && { inputFiles: input_files }),
    ...(output_files && { outputFiles: output_files }),
    ...(limits && { limits: limitsFromWire(limits) }),
    ...(retry_on_failure !== undefined && { retryOnFailure: retry_on_failure }),
  };
}

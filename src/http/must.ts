import { ValidateBy, ValidateIf } from 'class-validator';

/**
 * What is wrong with a value, to go after its name: `must be …`; undefined where nothing is. It never repeats
 * the value: that may be huge, or a secret.
 */
export type Rule = (value: unknown) => string | undefined;

/** Property: has to satisfy a rule. */
export function Must(rule: Rule): PropertyDecorator {
  return ValidateBy({
    name: 'must',
    validator: {
      validate: (value) => rule(value) === undefined,
      defaultMessage: (at) => `${at?.property ?? ''} ${rule(at?.value) ?? ''}`,
    },
  });
}

/** Property: may be absent. Null is a value, and a wrong one. */
export function MayBeAbsent(): PropertyDecorator {
  return ValidateIf((_dto, value) => value !== undefined);
}

import { applyDecorators } from '@nestjs/common';
import { ValidateBy, ValidateIf } from 'class-validator';
import { noted, type Rule } from './property-rules.js';

/** Property: has to satisfy a rule. */
export function Must(rule: Rule): PropertyDecorator {
  const validator = ValidateBy({
    name: 'must',
    validator: {
      validate: (value) => rule(value) === undefined,
      defaultMessage: (at) => `${at?.property ?? ''} ${rule(at?.value) ?? ''}`,
    },
  });
  return applyDecorators(validator, noted({ rule }));
}

/** Property: may be absent. Null is a value, and a wrong one. */
export function MayBeAbsent(): PropertyDecorator {
  return applyDecorators(
    ValidateIf((_dto, value) => value !== undefined),
    noted({ mayBeAbsent: true }),
  );
}

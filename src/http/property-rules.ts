import { type Type } from '@nestjs/common';

/**
 * What is wrong with a value, to go after its name: `must be …`; undefined where nothing is. It never repeats
 * the value: that may be huge, or a secret.
 */
export type Rule = (value: unknown) => string | undefined;

/** What the decorators of a DTO's property say. */
export interface PropertyRules {
  readonly change?: (value: unknown) => unknown;
  readonly rule?: Rule;
  readonly mayBeAbsent?: true;
}

const RULES = new WeakMap<object, Map<string, PropertyRules>>();

/** Property: notes what one of its decorators says. */
export function noted(rules: PropertyRules): PropertyDecorator {
  return (prototype, property) => {
    const properties = RULES.get(prototype) ?? new Map<string, PropertyRules>();
    RULES.set(prototype, properties);
    properties.set(String(property), { ...properties.get(String(property)), ...rules });
  };
}

/** Of all properties, also those that the class has inherited. */
export function propertyRulesOf(dto: Type): ReadonlyMap<string, PropertyRules> {
  const inherited = Object.getPrototypeOf(dto) as Type | null;
  const above = inherited?.prototype === undefined ? [] : propertyRulesOf(inherited);
  return new Map([...above, ...(RULES.get(dto.prototype as object) ?? [])]);
}

import { type Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import { type PropertyRules, propertyRulesOf } from './property-rules.js';

/**
 * The DTO of fields in which nothing is wrong, equal to what class-transformer and class-validator make of them, at a
 * twentieth of the time; undefined where those have to look.
 */
export type CompiledDto = (fields: object) => object | undefined;

/** Undefined where other decorators than those of `must.ts` and `given.ts` have a say. */
export function compiledDto(dto: Type<object>): CompiledDto | undefined {
  const rules = propertyRulesOf(dto);
  return areAllRulesOf(dto, rules) ? compile(dto, rules) : undefined;
}

function areAllRulesOf(dto: Type, rules: ReadonlyMap<string, PropertyRules>): boolean {
  const known = [...rules.values()].flatMap(({ rule, mayBeAbsent }) => [rule, mayBeAbsent]);
  const all = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  return known.filter((one) => one !== undefined).length === all.length;
}

function compile(Dto: Type<object>, rules: ReadonlyMap<string, PropertyRules>): CompiledDto {
  const required = [...rules].filter(([, { mayBeAbsent }]) => mayBeAbsent !== true).map(([name]) => name);
  return (fields) => {
    const dto = new Dto() as Record<string, unknown>;
    for (const [name, given] of Object.entries(fields)) {
      const value = valueOf(rules.get(name), given);
      if (value === undefined) return undefined;
      dto[name] = value;
    }
    return required.every((name) => dto[name] !== undefined) ? dto : undefined;
  };
}

/** Undefined where the value needs a closer look, or has to be copied. */
function valueOf(rules: PropertyRules | undefined, given: unknown): unknown {
  if (rules?.rule === undefined) return undefined;
  if (rules.change === undefined && typeof given === 'object') return undefined;
  const value = rules.change === undefined ? given : rules.change(given);
  return rules.rule(value) === undefined ? value : undefined;
}

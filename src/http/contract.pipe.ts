import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';
import { DomainError } from '../kernel/errors.js';

const MAX_SHOWN_FAULTS = 10;
const MAX_SHOWN_NAME = 80;

/**
 * Turns decoded fields into a validated DTO, or tells all that is wrong with them in one sentence. Names that
 * the DTO doesn't declare are refused here and not by class-validator's whitelist, which never sees those
 * that class-transformer drops (`toString`, `hasOwnProperty`).
 */
@Injectable()
export class ContractPipe implements PipeTransform {
  private readonly declared = new WeakMap<Type, ReadonlySet<string>>();

  async transform(value: unknown, { metatype }: ArgumentMetadata): Promise<unknown> {
    if (metatype === undefined || typeof value !== 'object' || value === null) return value;
    const names = this.namesOf(metatype);
    if (names.size === 0) return value;
    const unknown = Object.keys(value).filter((name) => !names.has(name));
    const dto = plainToInstance(metatype as Type<object>, without(value, unknown));
    const errors = await validate(dto, { stopAtFirstError: true, forbidUnknownValues: false });
    const faults = [...unknown.map(unknownFault), ...errors.flatMap(faultsOf)];
    if (faults.length > 0) throw new DomainError('invalid_request', sentenceOf(faults));
    return dto;
  }

  private namesOf(metatype: Type): ReadonlySet<string> {
    const known = this.declared.get(metatype);
    if (known !== undefined) return known;
    const rules = getMetadataStorage().getTargetValidationMetadatas(metatype, '', false, false);
    const names = new Set(rules.map((rule) => rule.propertyName));
    this.declared.set(metatype, names);
    return names;
  }
}

function without(value: object, names: readonly string[]): object {
  if (names.length === 0) return value;
  const left = new Set(names);
  return Object.fromEntries(Object.entries(value).filter(([name]) => !left.has(name)));
}

function unknownFault(name: string): string {
  const shown = name.length > MAX_SHOWN_NAME ? `${name.slice(0, MAX_SHOWN_NAME)}…` : name;
  return `${JSON.stringify(shown)} is unknown`;
}

function faultsOf(error: ValidationError): string[] {
  return Object.values(error.constraints ?? {});
}

function sentenceOf(faults: readonly string[]): string {
  const more = faults.length - MAX_SHOWN_FAULTS;
  const shown = faults.slice(0, MAX_SHOWN_FAULTS).join('; ');
  return more > 0 ? `${shown}; and ${more} more faults.` : `${shown}.`;
}

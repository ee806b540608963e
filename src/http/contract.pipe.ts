import { type ArgumentMetadata, Injectable, type PipeTransform, type Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';
import { DomainError } from '../kernel/errors.js';
import { type CompiledDto, compiledDto } from './compiled-dto.js';

const MAX_SHOWN_FAULTS = 10;
const MAX_SHOWN_NAME = 80;

/**
 * Turns decoded fields into a validated DTO, or tells all that is wrong with them in one sentence. Names that
 * the DTO doesn't declare are refused here and not by class-validator's whitelist, which never sees those
 * that class-transformer drops (`toString`, `hasOwnProperty`).
 */
@Injectable()
export class ContractPipe implements PipeTransform {
  private readonly known = new WeakMap<Type, Dto>();

  transform(value: unknown, { metatype }: ArgumentMetadata): unknown {
    if (metatype === undefined || typeof value !== 'object' || value === null) return value;
    const dto = this.dtoOf(metatype);
    if (dto.names.size === 0) return value;
    return dto.compiled?.(value) ?? validated(value, dto);
  }

  private dtoOf(type: Type): Dto {
    const known = this.known.get(type);
    if (known !== undefined) return known;
    const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
    const names = new Set(rules.map((rule) => rule.propertyName));
    const dto = { type: type as Type<object>, names, compiled: compiledDto(type as Type<object>) };
    this.known.set(type, dto);
    return dto;
  }
}

interface Dto {
  readonly type: Type<object>;
  /** That it declares. */
  readonly names: ReadonlySet<string>;
  readonly compiled: CompiledDto | undefined;
}

async function validated(value: object, { type, names }: Dto): Promise<object> {
  const unknown = Object.keys(value).filter((name) => !names.has(name));
  const dto = plainToInstance(type, without(value, unknown));
  const errors = await validate(dto, { stopAtFirstError: true, forbidUnknownValues: false });
  const faults = [...unknown.map(unknownFault), ...errors.flatMap(faultsOf)];
  if (faults.length > 0) throw new DomainError('invalid_request', sentenceOf(faults));
  return dto;
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

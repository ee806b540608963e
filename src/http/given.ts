import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { noted } from './property-rules.js';

/** Property: as it was given, not as class-transformer has copied it. */
export function Given(change: (value: unknown) => unknown = (value) => value): PropertyDecorator {
  return applyDecorators(
    Transform(({ obj, key }) => change((obj as Record<string, unknown>)[key])),
    noted({ change }),
  );
}

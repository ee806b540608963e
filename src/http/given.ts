import { Transform } from 'class-transformer';

/** Property: as it was given, not as class-transformer has copied it. */
export function Given(change: (value: unknown) => unknown = (value) => value): PropertyDecorator {
  return Transform(({ obj, key }) => change((obj as Record<string, unknown>)[key]));
}

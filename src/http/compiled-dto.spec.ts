import { describe, expect, it } from '@jest/globals';
import { plainToInstance } from 'class-transformer';
import { IsString, validate } from 'class-validator';
import fc from 'fast-check';
import { ListJobsDto } from '../jobs/api/list-jobs.dto.js';
import { JobIdDto, MaybeJobIdDto } from '../jobs/api/job-id.dto.js';
import { RunJobDto } from '../jobs/api/run-job.dto.js';
import { compiledDto } from './compiled-dto.js';
import { propertyRulesOf } from './property-rules.js';

const UUID = fc.uuid().map((id) => id.toUpperCase());
const TEXT = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('', '\0', '\ud800', 'true', 'false', '5', '-3'),
);
const NUMBER = fc.oneof(fc.integer(), fc.bigInt(), fc.double(), fc.constantFrom(0, -0, 1, Number.NaN));
const SCALAR = fc.oneof(TEXT, NUMBER, UUID, fc.boolean(), fc.constant(null), fc.constant(undefined));
const MAP = fc.dictionary(fc.oneof(TEXT, fc.constantFrom('A', 'INPUT_1', 'team/x')), SCALAR, { maxKeys: 3 });
const ANY = fc.oneof(
  { weight: 3, arbitrary: SCALAR },
  fc.array(fc.oneof(SCALAR, fc.constantFrom('gpu', 'out/*.txt', '../x')), { maxLength: 3 }),
  fc.array(UUID, { maxLength: 3 }),
  MAP,
);

/** What class-transformer and class-validator make of it; undefined where they find a fault. */
async function byLibraries(dto: new () => object, fields: object): Promise<object | undefined> {
  const made = plainToInstance(dto, fields);
  const errors = await validate(made, { stopAtFirstError: true, forbidUnknownValues: false });
  return errors.length === 0 ? made : undefined;
}

describe.each([
  { Dto: RunJobDto, base: { command: 'true' } },
  { Dto: ListJobsDto, base: {} },
  { Dto: JobIdDto, base: { job_id: 'DC4EEC6E-4e34-49a7-8fe8-8e19d5bfb8a4' } },
  { Dto: MaybeJobIdDto, base: {} },
])('A compiled $Dto.name', ({ Dto, base }) => {
  const compiled = compiledDto(Dto);
  const names = [...propertyRulesOf(Dto).keys()];
  const some = fc.dictionary(fc.constantFrom(...names), ANY, { maxKeys: 3, noNullPrototype: false });
  const fields = fc.tuple(fc.boolean(), some).map(([based, more]) => ({ ...(based ? base : {}), ...more }));

  it('takes nothing that the libraries refuse, and makes the same of what it takes', async () => {
    await fc.assert(
      fc.asyncProperty(fields, async (given) => {
        const made = compiled?.(given);
        if (made === undefined) return;
        expect(made).toBeInstanceOf(Dto);
        expect(made).toEqual(await byLibraries(Dto, given));
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes what is right', async () => {
    await fc.assert(
      fc.asyncProperty(fields, async (given) => {
        const made = await byLibraries(Dto, given);
        // What is given as undefined is left to the libraries.
        if (made !== undefined && Object.values(given).every((value: unknown) => value !== undefined))
          expect(compiled?.(given)).toEqual(made);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes no name that is not declared', () => {
    expect(compiled?.({ ...base, toString: 'x' })).toBeUndefined();
  });
});

describe('A DTO with other rules than ours', () => {
  class Foreign {
    @IsString()
    text!: string;
  }

  it('is not compiled', () => {
    expect(compiledDto(Foreign)).toBeUndefined();
  });
});

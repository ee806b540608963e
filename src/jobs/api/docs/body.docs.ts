import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes } from '@nestjs/swagger';
import { JOB_ID_SCHEMA, SOME_JOB } from './answers.docs.js';

/** In a form, `env[NAME]=value`. */
const IN_BRACKETS = { style: 'deepObject', explode: true } as const;

interface Body {
  readonly required: boolean;
  readonly schema: object;
  /** By name. */
  readonly examples: Readonly<Record<string, { readonly summary: string; readonly value: object }>>;
  /** Properties that are objects. */
  readonly objects?: readonly string[];
}

/** Method: documents a body that may be JSON or a form. */
export function DescribeBody({ required, schema, examples, objects = [] }: Body): MethodDecorator {
  const encoding: Record<string, typeof IN_BRACKETS> = Object.fromEntries(
    objects.map((name) => [name, IN_BRACKETS]),
  );
  return applyDecorators(
    ApiConsumes('application/json', 'application/x-www-form-urlencoded'),
    ApiBody({ required, schema, examples, ...(objects.length > 0 && { encoding }) }),
  );
}

const A_JOB = { job: { summary: 'A job', value: { job_id: SOME_JOB } } };
/** Swagger UI sends the first example by itself, also where the query names the job. */
const NOTHING = { nothing: { summary: 'Nothing, where the query says it', value: {} } };

/** Method: documents a body that names a job; where it need not, the query may. */
export function DescribeJobIdBody({ required }: { required: boolean }): MethodDecorator {
  const { required: always, ...properties } = JOB_ID_SCHEMA;
  return DescribeBody({
    required,
    schema: { ...properties, ...(required && { required: always }), additionalProperties: false },
    examples: required ? A_JOB : { ...NOTHING, ...A_JOB },
  });
}

import fc from 'fast-check';

/** A body and what its content type says. */
export interface MalformedBody {
  readonly contentType: string | undefined;
  readonly bytes: Buffer;
}

const UUID = 'dc4eec6e-4e34-49a7-8fe8-8e19d5bfb8a4';
const SAMPLES = [
  '{"command":"uname -a | wc -l",}',
  `{"command":"true","binary":"${UUID}","input_files":["${UUID}"],"ttl":60}`,
  `{"job_id":"${UUID}"}`,
  '{"command":"true","env":{"A":"1"},"labels":{"a":"b"},"priority":3,"retries":0,"output_files":["*.txt"]}',
  'command=uname+-a&input_files=a&env[A]=%41',
];

const contentType = fc.option(
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'multipart/form-data; boundary=x',
      'text/plain; charset=utf-16',
      'application/json; charset=""',
      ';;/',
      'application/',
      '/',
      ' ',
      'x'.repeat(500),
    ),
    fc.string({ maxLength: 30 }).map((text) => text.replace(/[^\x20-\x7e]/g, '?')),
  ),
  { nil: undefined },
);

const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, [], {}, '', 0, -1, 1.5, 1e300, [[]], [null], { a: {} }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
);

const FIELDS = [
  ...[
    'command',
    'binary',
    'input_files',
    'ttl',
    'output_files',
    'env',
    'name',
    'labels',
    'timeout',
    'retries',
  ],
  ...[
    'retry_on_failure',
    'priority',
    'job_id',
    'limits',
    'webhook',
    '__proto__',
    'constructor',
    'toString',
    '',
  ],
];

const wrongFields = fc
  .array(
    fc.tuple(fc.oneof(fc.constantFrom(...FIELDS), fc.string({ unit: 'binary', maxLength: 8 })), oddValue),
    {
      maxLength: 6,
    },
  )
  .map(
    (fields) =>
      `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`,
  );

const hugeNumber = fc
  .tuple(
    fc.constantFrom('ttl', 'timeout', 'priority', 'retries', 'command'),
    fc.constantFrom('', '-', '+', '0x', '.', '1e'),
    fc.stringMatching(/^[0-9]{1,400}$/),
  )
  .map(([field, sign, digits]) => `{"command":"true","${field}":${sign}${digits}}`);

const deep = fc
  .tuple(
    fc.constantFrom('[', '{"a":', '[{"command":[', '{"env":{', '/**/[', "{'a':[["),
    fc.integer({ min: 1, max: 30_000 }),
  )
  .map(([opening, times]) => opening.repeat(times));

const mangled = fc
  .tuple(
    fc.constantFrom(...SAMPLES),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2), fc.uint8Array({ maxLength: 3 })), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([sample, edits]) => edits.reduce(mangle, Buffer.from(sample)));

function mangle(bytes: Buffer, [where, cut, put]: readonly [number, number, Uint8Array]): Buffer {
  const at = where % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]);
}

const form = fc
  .array(
    fc.constantFrom(
      'command',
      'env[',
      'env[A]',
      'env[A][B]',
      '=',
      '&',
      '%',
      '%zz',
      '%ff',
      '%00',
      '+',
      'a',
      ']',
      '__proto__',
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

const text = fc.oneof(
  wrongFields,
  hugeNumber,
  deep,
  form,
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 100 }),
);

/** Bodies that are wrong in syntax, encoding, shape or size, and some that happen to be right. */
export const malformedBody: fc.Arbitrary<MalformedBody> = fc.record({
  contentType,
  bytes: fc.oneof(
    { weight: 100, arbitrary: text.map((body) => Buffer.from(body)) },
    { weight: 60, arbitrary: mangled },
    { weight: 20, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 1,
      arbitrary: fc.integer({ min: 1_048_570, max: 1_200_000 }).map((size) => Buffer.alloc(size, 0x20)),
    },
  ),
});

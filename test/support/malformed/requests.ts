import fc from 'fast-check';
import { type MalformedBody, malformedBody } from './bodies.js';

const UUID = 'dc4eec6e-4e34-49a7-8fe8-8e19d5bfb8a4';

const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('GET', 'POST', 'DELETE', 'POST', 'DELETE') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'PUT',
      'PATCH',
      'HEAD',
      'OPTIONS',
      'TRACE',
      'CONNECT',
      'PROPFIND',
      'QUERY',
      'LOCK',
      'M-SEARCH',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('get', 'FOO', 'G E T', '', 'POST\t', 'P\u00f6ST', 'X'.repeat(300)),
  },
);

const ROUTES = [
  ...[
    '/run',
    '/api/job/run',
    '/cancel',
    '/api/job/cancel',
    '/delete',
    '/list_jobs',
    '/api/list_jobs',
    '/job_info',
  ],
  ...[`/job_info/${UUID}`, '/api/job/job_info/x', '/files', `/files/${UUID}/data`, `/v1/files/${UUID}/info`],
  ...['/health/ready', '/docs', '/docs/', '/docs-json', '/'],
];

const pathPart = fc.oneof(
  fc.constantFrom(
    '%',
    '%2',
    '%zz',
    '%ff',
    '%c3%28',
    '%00',
    '..',
    '%2e%2e',
    '//',
    '\\',
    '*',
    ':job_id',
    '[',
    '%25',
    ';a=b',
  ),
  fc.string({ maxLength: 10 }).map((text) => text.replace(/[^\x21-\x7e]/g, '_')),
);

const path = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ROUTES) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...ROUTES), fc.array(pathPart, { minLength: 1, maxLength: 4 }))
      .map(([route, parts]) => `${route}/${parts.join('/')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*',
      'http://[',
      'http://x/run',
      'run',
      '//',
      '/%',
      '/\u00e9',
      `/${'a'.repeat(9_000)}`,
    ),
  },
);

const QUERY_NAMES = [
  'state',
  'user',
  'label',
  'created_after',
  'created_before',
  'limit',
  'page_token',
  'job_id',
  'x',
  '__proto__',
];
const queryValue = fc.oneof(
  fc.constantFrom(
    '',
    '%',
    '%ff',
    '%00',
    'queued',
    '1e3',
    '0',
    '-1',
    '2026-13-01',
    '2026-02-30',
    'a=b',
    'x'.repeat(5_000),
    '[]',
    'NaN',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => encodeURIComponent(text)),
);
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...QUERY_NAMES), queryValue), { minLength: 1, maxLength: 5 })
      .map((pairs) => `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('?', '??', '?=', '?&&&', '?a[b][c]=d', `?${'a=1&'.repeat(3_000)}`),
  },
);

const oddHeader = fc.oneof(
  fc.constantFrom(
    ...[
      'no colon',
      ': no name',
      'Name : space',
      'X-Request-Id: \u00e9',
      'X-Request-Id: a b',
      'Expect: tea',
      'Expect: 100-continue',
    ],
    ...[
      'Upgrade: websocket\r\nConnection: Upgrade',
      'Connection: nonsense',
      'Range: bytes=9-1',
      'Cookie: \x01',
      'Host: again',
    ],
    ...[
      'Content-Type: a/b',
      'Accept: ',
      ' folded: header',
      `X-Long: ${'x'.repeat(17_000)}`,
      'Content-Encoding: gzip',
      'X: \x00',
    ],
    ...[
      'Accept-Version: 1.0',
      'X-Http-Method-Override: DELETE',
      'If-None-Match: *',
      'Trailer: X',
      'TE: trailers',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
);

const oddHeaders = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string[]>([]) },
  { weight: 2, arbitrary: fc.array(oddHeader, { minLength: 1, maxLength: 2 }) },
);

/** How the length of the body is told: rightly, or in one of many wrong ways. */
const framing = fc.oneof(
  { weight: 6, arbitrary: fc.constant('right') },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        'Content-Length: 5',
        'Content-Length: 99999',
        'Content-Length: -1',
        'Content-Length: 1e3',
        'Content-Length: 5\r\nContent-Length: 6',
      ],
      ...[
        'Content-Length: 99999999999999999999',
        'Transfer-Encoding: chunked',
        'Transfer-Encoding: gzip',
        'Transfer-Encoding: chunked, x',
      ],
      ...['Transfer-Encoding: chunked\r\nContent-Length: 4', 'Content-Length: ', 'X-None: 1'],
    ),
  },
);

const version = fc.oneof(
  { weight: 12, arbitrary: fc.constant('HTTP/1.1') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.2', 'http/1.1', '', 'HTTP/1.1 x'),
  },
);

const host = fc.oneof(
  { weight: 12, arbitrary: fc.constant('Host: x\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('', 'Host:\r\n', 'Host: a\r\nHost: b\r\n', 'Host: \u00e9/\r\n') },
);

const chunked = fc
  .array(
    fc.constantFrom(
      '5\r\nhello\r\n',
      '0\r\n\r\n',
      'zz\r\n',
      'ffffffffffffffffff\r\n',
      '3;x=y\r\n{a}\r\n',
      '-1\r\n',
      '1\r\n{',
      '\r\n',
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => Buffer.from(parts.join('')));

const rawBody = fc.oneof(
  { weight: 4, arbitrary: malformedBody },
  { weight: 1, arbitrary: chunked.map((bytes): MalformedBody => ({ bytes, contentType: undefined })) },
);

/** The bytes of one request, wrong somewhere or everywhere. */
export const malformedRequest: fc.Arbitrary<Buffer> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc
      .record({
        method,
        path,
        query,
        version,
        host,
        framing,
        body: rawBody,
        odd: oddHeaders,
      })
      .map(bytesOf),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  },
);

interface Parts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly version: string;
  readonly host: string;
  readonly framing: string;
  readonly body: MalformedBody;
  readonly odd: readonly string[];
}

function bytesOf({ method, path, query, version, host, framing, body, odd }: Parts): Buffer {
  const length = framing === 'right' ? `Content-Length: ${body.bytes.length}` : framing;
  const type = body.contentType === undefined ? [] : [`Content-Type: ${body.contentType}`];
  const head = [`${method} ${path}${query} ${version}`, ...odd, ...type, length].join('\r\n');
  const [first = '', ...rest] = head.split('\r\n');
  return Buffer.concat([
    Buffer.from(`${first}\r\n${host}${rest.join('\r\n')}\r\n\r\n`, 'latin1'),
    body.bytes,
  ]);
}

/** A request that is framed rightly, as any HTTP client sends it: only what it says is wrong. */
export const wellFramedRequest = fc.record({
  method: fc.constantFrom('POST', 'POST', 'DELETE', 'PUT', 'GET'),
  path: fc.constantFrom(
    '/run',
    '/api/job/run',
    '/cancel',
    '/delete',
    '/api/job/cancel',
    '/files',
    '/list_jobs',
    '/job_info',
  ),
  query,
  body: malformedBody,
});

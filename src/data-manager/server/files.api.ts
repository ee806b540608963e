import { applyDecorators } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiForbiddenResponse,
  ApiHeader,
  ApiInternalServerErrorResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiPayloadTooLargeResponse,
  ApiRequestTimeoutResponse,
  ApiResponse,
  ApiServiceUnavailableResponse,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import {
  DeletedFileDto,
  EXAMPLE_ID,
  EXAMPLE_SHA256,
  FileAclDto,
  FileDto,
  FileErrorDto,
  FileInfoDto,
} from './file.dto.js';

/** What the OpenAPI document says of each call; apart from the controller, so that both can be read. */
const anyCall = [
  ApiUnauthorizedResponse({
    description: 'No valid key or token, where AUTH asks for one',
    type: FileErrorDto,
  }),
  ApiTooManyRequestsResponse({ description: 'Too much at once; try again later', type: FileErrorDto }),
  ApiBadRequestResponse({ description: 'The request is wrong; `error` says how', type: FileErrorDto }),
  ApiInternalServerErrorResponse({
    description: 'Our fault; the log has it, under the X-Request-Id of the answer',
    type: FileErrorDto,
  }),
  ApiServiceUnavailableResponse({
    description: 'The disk is full or broken; try again later',
    type: FileErrorDto,
  }),
];

/** A parameter. Not `example`, which Swagger UI fills in by itself. */
function shownAs(example: string, { format }: { format?: string } = {}): object {
  return { type: 'string', ...(format !== undefined && { format }), examples: [example] };
}

const ofFile = [
  ApiParam({ name: 'id', description: 'The file', schema: shownAs(EXAMPLE_ID, { format: 'uuid' }) }),
  ApiNotFoundResponse({ description: 'There is no such file, or its ttl is over', type: FileErrorDto }),
  ...anyCall,
];

const TOO_SLOW = ApiRequestTimeoutResponse({
  description: 'The body took too long to arrive',
  type: FileErrorDto,
});

const BINARY = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } as const;

const USER_SCHEMA = { type: 'string', minLength: 1, maxLength: 255 } as const;

const ACL_SCHEMA = {
  oneOf: [{ type: 'array', items: USER_SCHEMA, maxItems: 100 }, USER_SCHEMA],
  description: 'Users who may read the file beside its owner; `*`: all',
} as const;

const UPLOAD_SCHEMA = {
  type: 'object',
  required: ['file'],
  properties: {
    file: { type: 'string', format: 'binary' },
    metadata: {
      type: 'object',
      description: 'All optional',
      additionalProperties: false,
      // What Swagger UI fills in, and sends; by itself it would say a ttl of 0.
      example: { name: 'hello.txt', tags: ['dataset'] },
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 1024 },
        ttl: {
          oneOf: [
            { type: 'integer', format: 'uint64', minimum: 0 },
            { type: 'string', pattern: '^[0-9]{1,20}$' },
          ],
          description: 'Seconds until the file goes by itself; absent: it stays until it is deleted',
        },
        tags: { type: 'array', items: { type: 'string' }, maxItems: 100 },
        acl: ACL_SCHEMA,
      },
    },
  },
} as const;

const UPLOAD_EXAMPLES = {
  file: { summary: 'Its bytes alone', value: { file: 'hello world' } },
  metadata: {
    summary: 'With a name, tags and a reader',
    value: {
      file: 'hello world',
      metadata: { name: 'hello.txt', tags: ['dataset'], acl: ['bob'] },
    },
  },
} as const;

const EXAMPLE_ETAG = `"${EXAMPLE_SHA256}"`;

export function ApiUpload(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'uploadFile',
      summary: 'Store a file',
      description:
        'The bytes are durable once this answers. A file never changes: a new version is a new file.',
    }),
    ApiConsumes('multipart/form-data'),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      schema: shownAs(EXAMPLE_ID, { format: 'uuid' }),
      description: 'Becomes the id of the file, so that the same upload sent twice is one file',
    }),
    ApiBody({ schema: UPLOAD_SCHEMA as never, examples: UPLOAD_EXAMPLES }),
    ApiCreatedResponse({ description: 'Stored', type: FileDto }),
    TOO_SLOW,
    ...anyCall,
  );
}

export function ApiDownload(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'downloadFile',
      summary: 'Get the bytes of a file',
      description:
        'Honours `Range` (one range), `If-Range` and `If-None-Match`; `ETag` is the quoted sha256.',
    }),
    ApiHeader({
      name: 'Range',
      required: false,
      description: 'Such as `bytes=0-1023`',
      schema: shownAs('bytes=0-4'),
    }),
    ApiHeader({
      name: 'If-None-Match',
      required: false,
      schema: shownAs(EXAMPLE_ETAG),
    }),
    ApiHeader({ name: 'If-Range', required: false, schema: shownAs(EXAMPLE_ETAG) }),
    ApiResponse({ status: 200, description: 'All bytes', content: BINARY }),
    ApiResponse({ status: 206, description: 'The range asked for', content: BINARY }),
    ApiResponse({ status: 304, description: 'The ETag of `If-None-Match` is current' }),
    ApiResponse({ status: 416, description: 'The range lies beyond the file', type: FileErrorDto }),
    ...ofFile,
  );
}

export function ApiFileInfo(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'fileInfo', summary: 'What is known of a file' }),
    ApiOkResponse({ type: FileInfoDto }),
    ...ofFile,
  );
}

const ofBody = [
  TOO_SLOW,
  ApiPayloadTooLargeResponse({
    description: 'The body is larger than MAX_BODY_BYTES',
    type: FileErrorDto,
  }),
];

const READ_ONLY = ApiForbiddenResponse({
  description: "The file is somebody else's, who lets you read it only",
  type: FileErrorDto,
});

export function ApiShareFile(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'shareFile',
      summary: 'Say who may read a file',
      description: 'Beside its owner, and in the place of all who might until now.',
    }),
    ApiBody({
      schema: {
        type: 'object',
        required: ['acl'],
        additionalProperties: false,
        properties: { acl: ACL_SCHEMA },
        example: { acl: ['bob'] },
      } as never,
    }),
    ApiOkResponse({ description: 'Changed, durably', type: FileAclDto }),
    ...ofBody,
    READ_ONLY,
    ...ofFile,
  );
}

export function ApiDeleteFile(): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId: 'deleteFile', summary: 'Delete a file' }),
    ApiOkResponse({ description: 'Deleted, durably', type: DeletedFileDto }),
    ...ofBody,
    READ_ONLY,
    ...ofFile,
  );
}

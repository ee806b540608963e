import { HttpStatus, StreamableFile } from '@nestjs/common';
import { type IncomingHttpHeaders } from 'node:http';
import { DomainError } from '../../kernel/errors.js';
import { type LocalFileStore } from '../local/local-file-store.js';
import { type StoredFile } from '../local/stored-file.js';
import { attachment } from './content-disposition.js';
import { isNotModified, mayServeRange, parseRange, type RangeRequest } from './http-range.js';

/** The part of a response that the host's adapter can set, whichever framework it drives. */
export interface ResponseHead {
  status(code: number): void;
  header(name: string, value: string): void;
}

/** Answers `GET …/data`: all of it, a range, or that nothing has changed. */
export async function sendFile(
  store: LocalFileStore,
  file: StoredFile,
  headers: IncomingHttpHeaders,
  response: ResponseHead,
): Promise<StreamableFile | undefined> {
  const etag = etagOf(file);
  if (isNotModified(headers['if-none-match'], etag)) {
    notModified(file, response);
    return;
  }
  const mayBePart = mayServeRange(oneOf(headers['if-range']), etag);
  const range = mayBePart ? parseRange(headers.range, file.size) : 'whole';
  return range === 'whole' ? sendWhole(store, file, response) : sendRange(store, file, range, response);
}

/** Answers `HEAD …/data`: as `GET` without ranges would, but no file is opened. */
export function sendHead(file: StoredFile, headers: IncomingHttpHeaders, response: ResponseHead): void {
  if (isNotModified(headers['if-none-match'], etagOf(file))) {
    notModified(file, response);
    return;
  }
  describe(file, response);
  response.header('Content-Length', String(file.size));
}

function notModified(file: StoredFile, response: ResponseHead): undefined {
  response.status(HttpStatus.NOT_MODIFIED);
  response.header('ETag', etagOf(file));
}

async function sendWhole(
  store: LocalFileStore,
  file: StoredFile,
  response: ResponseHead,
): Promise<StreamableFile> {
  const { content } = await store.open(file.id);
  describe(file, response);
  return new StreamableFile(content, { length: file.size });
}

async function sendRange(
  store: LocalFileStore,
  file: StoredFile,
  range: Exclude<RangeRequest, 'whole'>,
  response: ResponseHead,
): Promise<StreamableFile> {
  if (range === 'unsatisfiable') {
    response.header('Content-Range', `bytes */${file.size}`);
    const message = `The range lies beyond the file, which has ${file.size} bytes`;
    throw new DomainError('range_not_satisfiable', message);
  }
  const { content } = await store.open(file.id, { range });
  describe(file, response);
  response.status(HttpStatus.PARTIAL_CONTENT);
  response.header('Content-Range', `bytes ${range.start}-${range.end - 1}/${file.size}`);
  return new StreamableFile(content, { length: range.end - range.start });
}

/** Only once nothing can fail any more: the answer to a failure is JSON, and no attachment. */
function describe(file: StoredFile, response: ResponseHead): void {
  response.header('ETag', etagOf(file));
  response.header('Accept-Ranges', 'bytes');
  response.header('Content-Type', 'application/octet-stream');
  response.header('Content-Disposition', attachment(file.name));
  // It never changes, but may be deleted, or be shared with others.
  response.header('Cache-Control', 'private, no-cache');
  // No browser may take what a stranger uploaded for a page of ours.
  response.header('X-Content-Type-Options', 'nosniff');
}

function etagOf(file: StoredFile): string {
  return `"${file.sha256}"`;
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

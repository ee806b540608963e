import { type Captured, type Containment } from './launcher.js';
import { type Enclosure } from './sandbox/enclosure.js';
import { type CommandEnd, type LauncherReport, type LauncherRequest, type LaunchOrder } from './protocol.js';

/** The two ways of {@link LauncherRequest} and {@link LauncherReport} over a pipe; protocol.ts has the rules. */

const LENGTH_BYTES = 4;
/** Number of what can't be: an exit code where a signal came, bytes held where there is a file. */
const NONE = -1;

type Launch = Extract<LauncherRequest, { op: 'launch' }>;

export function encodeRequest(request: LauncherRequest): Buffer {
  switch (request.op) {
    case 'start':
      return frame([
        ...[request.op, request.containment ?? '', request.instance],
        ...[request.cgroups.length, ...request.cgroups],
      ]);
    case 'launch':
      return frame(fieldsOf(request));
    case 'stop':
      return frame([request.op, request.id, request.graceMs]);
    case 'endBy':
      return frame([request.op, request.id, request.time]);
  }
}

export function decodeRequest(payload: Buffer): LauncherRequest {
  const fields = new Fields(payload);
  const op = fields.text() as LauncherRequest['op'];
  switch (op) {
    case 'start':
      return {
        op,
        containment: containmentOf(fields.text()),
        instance: fields.text(),
        cgroups: fields.texts(),
      };
    case 'launch':
      return { op, id: fields.number(), place: fields.number(), order: orderOf(fields) };
    case 'stop':
      return { op, id: fields.number(), graceMs: fields.number() };
    case 'endBy':
      return { op, id: fields.number(), time: fields.number() };
  }
}

export function encodeReport(report: LauncherReport): Buffer {
  switch (report.op) {
    case 'ready':
      return frame([report.op, report.containment]);
    case 'unable':
      return frame([report.op, report.detail]);
    case 'refused':
    case 'lost':
      return frame([report.op, report.id, report.detail]);
    case 'ended':
      return encodeEnd(report.id, report.end);
  }
}

export function decodeReport(payload: Buffer): LauncherReport {
  const fields = new Fields(payload);
  const op = fields.text() as LauncherReport['op'];
  switch (op) {
    case 'ready':
      return { op, containment: fields.text() as Containment };
    case 'unable':
      return { op, detail: fields.text() };
    case 'refused':
    case 'lost':
      return { op, id: fields.number(), detail: fields.text() };
    case 'ended':
      return { op, id: fields.number(), end: endOf(fields) };
  }
}

/** Cuts a stream of bytes into the payloads of its frames; a long one costs no more than its length. */
export class FrameSplitter {
  private chunks: Buffer[] = [];
  private length = 0;

  /** @param onFrame gets each whole payload, its own only until it returns */
  constructor(private readonly onFrame: (payload: Buffer) => void) {}

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
    if (this.length < LENGTH_BYTES + this.awaited()) return;
    let rest = this.joined();
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32LE(0);
      if (rest.length < end) break;
      this.onFrame(rest.subarray(LENGTH_BYTES, end));
      rest = rest.subarray(end);
    }
    this.chunks = rest.length === 0 ? [] : [rest];
    this.length = rest.length;
  }

  /** Bytes of the payload that has begun; 0 where that is not known yet. */
  private awaited(): number {
    const [first] = this.chunks;
    if (first !== undefined && first.length >= LENGTH_BYTES) return first.readUInt32LE(0);
    return this.length < LENGTH_BYTES ? 0 : this.joined().readUInt32LE(0);
  }

  private joined(): Buffer {
    if (this.chunks.length > 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] ?? Buffer.alloc(0);
  }
}

/** Reads one field after the other. */
class Fields {
  private at = 0;

  constructor(private readonly payload: Buffer) {}

  text(): string {
    const end = this.payload.indexOf(0, this.at);
    const text = this.payload.toString('utf8', this.at, end);
    this.at = end + 1;
    return text;
  }

  number(): number {
    return Number(this.text());
  }

  /** So many as the next number says. */
  texts(): string[] {
    return Array.from({ length: this.number() }, () => this.text());
  }

  /** A copy, since the payload is another's soon. */
  bytes(length: number): Buffer {
    const bytes = Buffer.from(this.payload.subarray(this.at, this.at + length));
    this.at += length;
    return bytes;
  }
}

function frame(fields: readonly (string | number)[], ...contents: readonly Buffer[]): Buffer {
  const text = `${fields.join('\0')}\0`;
  const textBytes = Buffer.byteLength(text);
  const length = contents.reduce((sum, content) => sum + content.length, textBytes);
  const buffer = Buffer.allocUnsafe(LENGTH_BYTES + length);
  buffer.writeUInt32LE(length, 0);
  let at = LENGTH_BYTES + buffer.write(text, LENGTH_BYTES);
  for (const content of contents) at += content.copy(buffer, at);
  return buffer;
}

function fieldsOf({ op, id, place, order }: Launch): (string | number)[] {
  const { workingDirectory, stdoutPath, stderrPath, command, environment } = order;
  // Not in one literal: lists that are spread into it cost as much as all the rest.
  const fields = [op, id, place, order.lockLimit, order.maxOutputBytes, order.endBy ?? '', order.cpuSeconds];
  fields.push(order.fileBytes, order.openFiles, workingDirectory, stdoutPath, stderrPath, command);
  // There may be more variables than a call takes arguments.
  return fields.concat(enclosureFields(order.enclosure), environment.length, environment);
}

function enclosureFields(enclosure: Enclosure | null): (string | number)[] {
  const { user = null, filterPath = '', words = [], secrets = [] } = enclosure ?? {};
  return [user ?? '', filterPath, words.length, ...words, secrets.length, ...secrets];
}

function orderOf(fields: Fields): LaunchOrder {
  // In the order in which they were written.
  return {
    lockLimit: fields.text(),
    maxOutputBytes: fields.number(),
    endBy: timeOf(fields.text()),
    cpuSeconds: fields.number(),
    fileBytes: fields.number(),
    openFiles: fields.number(),
    workingDirectory: fields.text(),
    stdoutPath: fields.text(),
    stderrPath: fields.text(),
    command: fields.text(),
    enclosure: enclosureOf(fields),
    environment: fields.texts(),
  };
}

function enclosureOf(fields: Fields): Enclosure | null {
  const [user, filterPath] = [fields.text(), fields.text()];
  const [words, secrets] = [fields.texts(), fields.texts()];
  return words.length === 0 ? null : { user: user === '' ? null : Number(user), filterPath, words, secrets };
}

function encodeEnd(id: number, end: CommandEnd): Buffer {
  const contents = [end.stdout.content, end.stderr.content].filter((content) => content !== null);
  return frame(
    [
      ...['ended', id, end.exitCode ?? NONE, end.signal ?? 0],
      ...[Number(end.outputLimitReached), Number(end.overdue)],
      ...[end.cpuMicroseconds ?? NONE, end.writtenBytes ?? NONE],
      ...[end.stdout.bytes, heldOf(end.stdout), end.stderr.bytes, heldOf(end.stderr)],
    ],
    ...contents,
  );
}

function heldOf({ content }: Captured): number {
  return content?.length ?? NONE;
}

function endOf(fields: Fields): CommandEnd {
  const [exitCode, signal] = [fields.number(), fields.number()];
  const [limitReached, overdue] = [fields.number(), fields.number()];
  const [cpuMicroseconds, writtenBytes] = [fields.number(), fields.number()];
  const [stdoutBytes, stdoutHeld] = [fields.number(), fields.number()];
  const [stderrBytes, stderrHeld] = [fields.number(), fields.number()];
  return {
    exitCode: exitCode === NONE ? null : exitCode,
    signal: signal === 0 ? null : signal,
    outputLimitReached: limitReached !== 0,
    overdue: overdue !== 0,
    cpuMicroseconds: cpuMicroseconds === NONE ? null : cpuMicroseconds,
    writtenBytes: writtenBytes === NONE ? null : writtenBytes,
    stdout: { bytes: stdoutBytes, content: stdoutHeld === NONE ? null : fields.bytes(stdoutHeld) },
    stderr: { bytes: stderrBytes, content: stderrHeld === NONE ? null : fields.bytes(stderrHeld) },
  };
}

function timeOf(text: string): number | null {
  return text === '' ? null : Number(text);
}

function containmentOf(text: string): Containment | null {
  return text === '' ? null : (text as Containment);
}

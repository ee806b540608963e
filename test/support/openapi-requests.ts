import { NOBODYS_ID } from './answers.js';
import { examplesOf, type Media, type Operation, type Parameter } from './openapi-document.js';

/** What a request has beside its method and its caller. */
export interface Sent {
  readonly path?: Readonly<Record<string, string>>;
  /** With its question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: NonNullable<RequestInit['body']>;
}

/** The path of a request; a parameter without a value names what nobody has. */
export function pathOf({ path }: Operation, { path: values = {}, query = '' }: Sent): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? NOBODYS_ID) + query;
}

export function jsonBody(value: unknown): Sent {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

/** A parameter with one of its examples. */
type Example = Parameter & { readonly value: unknown };

/** All that the examples of an operation show: each body as each type, and each parameter, alone and all at once. */
export function exampleRequestsOf(operation: Operation): { readonly name: string; readonly sent: Sent }[] {
  const { operationId, parameters = [], requestBody } = operation;
  const examples = parameters.flatMap((parameter) =>
    examplesOf(parameter).map((value) => ({ ...parameter, value })),
  );
  const always = examples.filter(({ required = false }) => required);
  const choices = [always, ...examples.map((one) => [...new Set([...always, one])]), examples];
  const bodies = Object.entries(requestBody?.content ?? {}).flatMap(([type, media]) =>
    examplesOf(media).map((value) => ({ type, sent: bodyOf(type, media, value) })),
  );
  if (requestBody?.required !== true) bodies.push({ type: 'no body', sent: {} });
  const differing = choices.filter((given, index) => !choices.slice(0, index).some(isSameAs(given)));
  return differing.flatMap((given) =>
    bodies.map(({ type, sent }) => ({
      name: [operationId, ...given.map(({ name }) => name), type].join(' '),
      sent: withParameters(sent, given),
    })),
  );
}

function isSameAs(given: readonly Example[]): (other: readonly Example[]) => boolean {
  return (other) => other.length === given.length && given.every((each) => other.includes(each));
}

function withParameters(sent: Sent, given: readonly Example[]): Sent {
  const inPlace = (place: string): [string, string][] =>
    given
      .filter((each) => each.in === place)
      .flatMap(({ name, value }) => listOf(value).map((one): [string, string] => [name, String(one)]));
  const query = new URLSearchParams(inPlace('query')).toString();
  return {
    ...sent,
    path: Object.fromEntries(inPlace('path')),
    headers: { ...sent.headers, ...Object.fromEntries(inPlace('header')) },
    query: query === '' ? '' : `?${query}`,
  };
}

function bodyOf(type: string, media: Media, value: unknown): Sent {
  if (type === 'application/json') return jsonBody(value);
  const fields = Object.entries(value as object) as [string, unknown][];
  return { body: type === 'multipart/form-data' ? partsOf(fields, media) : formOf(fields, media) };
}

function partsOf(fields: readonly [string, unknown][], { schema }: Media): FormData {
  const parts = new FormData();
  for (const [name, value] of fields) {
    const isFile = schema?.properties?.[name]?.format === 'binary';
    if (isFile) parts.append(name, new Blob([String(value)]), name);
    else parts.append(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return parts;
}

function formOf(fields: readonly [string, unknown][], { encoding = {} }: Media): URLSearchParams {
  const form = new URLSearchParams();
  for (const [name, value] of fields) {
    if (encoding[name]?.style === 'deepObject') {
      for (const [key, inner] of Object.entries(value as object))
        form.append(`${name}[${key}]`, String(inner));
    } else {
      for (const one of listOf(value)) form.append(name, String(one));
    }
  }
  return form;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

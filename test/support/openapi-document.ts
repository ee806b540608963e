import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from '@jest/globals';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  readonly schema?: { readonly example?: unknown; readonly examples?: readonly unknown[] };
}

export interface Media {
  readonly schema?: {
    readonly example?: unknown;
    readonly examples?: readonly unknown[];
    readonly properties?: Readonly<Record<string, { readonly format?: string }>>;
  };
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
  readonly encoding?: Readonly<Record<string, { readonly style?: string }>>;
}

type Content = Readonly<Record<string, Media>>;

interface DocumentedOperation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

/** One call that the document describes. */
export interface Operation extends DocumentedOperation {
  readonly method: string;
  readonly path: string;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}

export function operationsOf(document: OpenApiDocument): Operation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

/** All examples of a parameter or a body, as values. */
export function examplesOf({ example, examples, schema }: Media | Parameter): unknown[] {
  const named = Object.values(examples ?? {}).map(({ value }) => value);
  const single = [example, schema?.example].filter((value) => value !== undefined);
  return [...single, ...named, ...(schema?.examples ?? [])];
}

/** Checks answers against the document, and takes no property that it does not name. */
export class DocumentedAnswers {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(private readonly document: OpenApiDocument) {
    formats.default(this.ajv);
    this.ajv.addFormat('binary', true).addFormat('uint64', true);
    this.ajv.addSchema(closed(document) as object, 'document');
  }

  operation(operationId: string): Operation {
    const found = operationsOf(this.document).find((each) => each.operationId === operationId);
    if (found === undefined) throw new Error(`the document has no ${operationId}`);
    return found;
  }

  async check({ operationId, method, path, responses }: Operation, response: Response): Promise<void> {
    const status = String(response.status);
    const where = `${operationId} answered ${status}`;
    expect({ where, documented: Object.keys(responses) }).toMatchObject({
      documented: expect.arrayContaining([status]) as unknown,
    });
    const content = responses[status]?.content ?? {};
    const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
    const body = await response.text();
    if (Object.keys(content).length === 0) return;
    expect({ where, types: Object.keys(content) }).toMatchObject({
      types: expect.arrayContaining([type]) as unknown,
    });
    if (type !== 'application/json') return;
    const parts = ['paths', path, method.toLowerCase(), 'responses', status, 'content', type, 'schema'];
    const validate = this.ajv.compile({ $ref: `document#/${parts.map(pointerPart).join('/')}` });
    validate(JSON.parse(body));
    expect({ where, errors: validate.errors, body }).toEqual({ where, errors: null, body });
  }
}

function pointerPart(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

/** With no property allowed that a schema does not name. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, closed(part)]));
  const isOpen = 'type' in value && 'properties' in value && !('additionalProperties' in value);
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}

import { parse, type ValueNode } from '@humanwhocodes/momoa';
import { isDeepStrictEqual } from 'node:util';
import { DomainError, messageOf } from '../../kernel/errors.js';
import { exactNumber } from './exact-number.js';
import { checkJson5Limits } from './json5-limits.js';
import { refuseUnsafeName } from './unsafe-names.js';

/**
 * The value of JSON5 text. Objects have no prototype; integers beyond 2^53 are bigints, exactly.
 *
 * @throws DomainError invalid_request: no JSON5, too deep, or a name given twice with different values
 */
export function parseJson5(text: string): unknown {
  checkJson5Limits(text);
  return new Evaluation(text).valueOf(syntaxTree(text));
}

function syntaxTree(text: string): ValueNode {
  try {
    return parse(text, { mode: 'json5', ranges: true }).body;
  } catch (error) {
    // Also the RangeError of a text that outwits the limits: the caller's fault all the same.
    const reason = messageOf(error).replace(/\.? \((\d+):(\d+)\)$/, ' at line $1, column $2');
    throw new DomainError('invalid_request', `The body is not valid JSON: ${reason}.`, undefined, {
      cause: error,
    });
  }
}

class Evaluation {
  constructor(private readonly text: string) {}

  /** Recursion is safe: the depth is limited beforehand. */
  valueOf(node: ValueNode): unknown {
    switch (node.type) {
      case 'Object':
        return this.objectOf(node);
      case 'Array':
        return node.elements.map((element) => this.valueOf(element.value));
      case 'Number':
        return exactNumber(this.sourceOf(node));
      case 'String':
        return this.stringOf(node);
      case 'Boolean':
        return node.value;
      case 'Null':
        return null;
      case 'NaN':
        return Number.NaN;
      case 'Infinity':
        return node.sign === '-' ? -Infinity : Infinity;
    }
  }

  private objectOf(node: Extract<ValueNode, { type: 'Object' }>): Record<string, unknown> {
    const object = Object.create(null) as Record<string, unknown>;
    for (const { name: nameNode, value: valueNode } of node.members) {
      const name = nameNode.type === 'Identifier' ? nameNode.name : this.stringOf(nameNode);
      const value = this.valueOf(valueNode);
      refuseUnsafeName(name);
      if (Object.hasOwn(object, name) && !isDeepStrictEqual(object[name], value)) {
        throw new DomainError(
          'invalid_request',
          `The body gives ${shown(name)} twice, with different values.`,
        );
      }
      object[name] = value;
    }
    return object;
  }

  private stringOf(node: Extract<ValueNode, { type: 'String' }>): string {
    // The parser lets a raw line break pass in a string, where JSON and JSON5 both forbid it.
    const unescaped = this.sourceOf(node).replace(/\\(?:\r\n|.)/gs, '');
    if (!/[\n\r]/.test(unescaped)) return node.value;
    throw new DomainError(
      'invalid_request',
      'The body is not valid JSON: a line break in a string must be \\n.',
    );
  }

  private sourceOf(node: ValueNode): string {
    return this.text.slice(...(node.range ?? [0, 0]));
  }
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

import { type Rule } from '../../http/property-rules.js';

/** An object with these fields at least: a newer agent may send more. */
export function recordRule(fields: Readonly<Record<string, Rule>>): Rule {
  const rules = Object.entries(fields);
  return (value) => {
    if (!isRecord(value)) return 'must be an object';
    for (const [name, rule] of rules) {
      const fault = rule(value[name]);
      if (fault !== undefined) return `is wrong: ${name} ${fault}`;
    }
    return undefined;
  };
}

export function listRule(most: number, element: Rule): Rule {
  return (value) => {
    if (!Array.isArray(value)) return 'must be an array';
    if (value.length > most) return `must have at most ${most} elements`;
    for (const [index, one] of value.entries()) {
      const fault = element(one);
      if (fault !== undefined) return `is wrong: element ${index} ${fault}`;
    }
    return undefined;
  };
}

export function orNull(rule: Rule): Rule {
  return (value) => {
    const fault = value === null ? undefined : rule(value);
    return fault === undefined ? undefined : `${fault}, or null`;
  };
}

/** Of what an earlier version does not send. */
export function orAbsent(rule: Rule): Rule {
  return (value) => (value === undefined ? undefined : rule(value));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

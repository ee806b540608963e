import { type Rule } from '../../../http/property-rules.js';

export const booleanRule: Rule = (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false';

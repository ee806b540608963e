import { type Rule } from '../../../http/property-rules.js';
import { isAgentLabel, MAX_AGENT_LABELS, MAX_LABEL_LENGTH } from '../../../kernel/agent-labels.js';

/** Labels that a job asks of its agent. */
export const requiresRule: Rule = (value) => {
  if (!Array.isArray(value)) return 'must be an array of labels of agents';
  if (value.length > MAX_AGENT_LABELS) return `must be at most ${MAX_AGENT_LABELS} labels`;
  const wrong = value.findIndex((label) => !isAgentLabel(label));
  if (wrong === -1) return undefined;
  return `must hold labels such as gpu or zone=a (at most ${MAX_LABEL_LENGTH} of letters, digits, ".", "_", "/", "-" and one "="), which its element ${wrong} is not`;
};

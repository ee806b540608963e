const LABEL = /^[A-Za-z0-9][A-Za-z0-9._/-]*(?:=[A-Za-z0-9._/-]*)?$/;

export const MAX_LABEL_LENGTH = 63;
/** Of an agent, and of what a job requires. */
export const MAX_AGENT_LABELS = 8;
/** Of a {@link labelSetText}: each label with a comma. */
export const MAX_LABEL_SET_LENGTH = MAX_AGENT_LABELS * (MAX_LABEL_LENGTH + 1);

/** What an agent can be labelled with, and a job require: `gpu`, `zone=a`. */
export function isAgentLabel(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_LABEL_LENGTH && LABEL.test(value);
}

/** A set of labels as one text, the same for the same set; empty where there are none. */
export function labelSetText(labels: readonly string[]): string {
  return [...new Set(labels)].sort().join(',');
}

/** The labels of a {@link labelSetText}, in its order. */
export function labelsIn(text: string): string[] {
  return text === '' ? [] : text.split(',');
}

/** Whether an agent with `labels` may run what requires `required`. */
export function hasAll(labels: readonly string[], required: readonly string[]): boolean {
  return required.every((label) => labels.includes(label));
}

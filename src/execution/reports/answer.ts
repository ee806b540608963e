import { DomainError } from '../../kernel/errors.js';
import { type Reply } from './exchange.js';
import { ServerFault } from './server-fault.js';

const SHOWN_CHARACTERS = 300;

const REFUSED =
  'The server refuses this agent: AGENT_TOKEN must be the same here and there, and no proxy may take it away.';

const ODD: Readonly<Record<number, string>> = {
  404: 'knows no agent-reports (404): is SERVER_URL right, and the server as new as this agent?',
  405: 'knows no agent-reports (405): is SERVER_URL right?',
  413: 'takes no report of that size (413): is there a proxy with a limit of its own?',
};

/**
 * The object that an answer holds. Whatever does not sound like a server of ours may be a proxy between.
 * @throws ServerFault where another server or a later time may do better
 * @throws DomainError `unauthenticated`
 * @throws Error where the server found fault with the report itself
 */
export function answerIn({ status, text }: Reply): object {
  const answer = objectIn(text);
  if (status === 200) {
    if (answer === undefined) throw new ServerFault('answers what is no JSON object: is SERVER_URL right?');
    return answer;
  }
  if (status === 401 || status === 403) throw new DomainError('unauthenticated', REFUSED);
  const said = sentenceIn(answer);
  if (status === 400 && said !== undefined) throw new Error(`The server can't use a report: ${said}`);
  throw new ServerFault(ODD[status] ?? strangeness(status, said));
}

function strangeness(status: number, said: string | undefined): string {
  if (status >= 300 && status < 400)
    return `redirects (${status}), which is not followed: is SERVER_URL right?`;
  return `answers ${status}${said === undefined ? '' : `: ${said}`}`;
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function sentenceIn(answer: object | undefined): string | undefined {
  const { error } = (answer ?? {}) as { error?: unknown };
  return typeof error === 'string' && error !== '' ? error.slice(0, SHOWN_CHARACTERS) : undefined;
}

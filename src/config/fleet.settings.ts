import { isAgentLabel, labelSetText, MAX_AGENT_LABELS, MAX_LABEL_LENGTH } from '../kernel/agent-labels.js';
import { BARE_URL, bareHttpUrl, listed, redactUrl, token, urlFrom } from './parsers.js';
import { type Setting } from './setting.js';

const redisUrl: Setting<string | undefined> = {
  allowed: 'redis://user:password@host:port/number, or rediss:// for TLS',
  fallback: undefined,
  redact: redactUrl,
  parse(text) {
    const url = urlFrom(text);
    const isRedis = url !== null && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '';
    return isRedis && /^(\/\d{0,5})?$/.test(url.pathname) ? text : undefined;
  },
};

const redisPrefix: Setting<string> = {
  allowed: 'at most 100 letters, digits, "_", "-" and "."',
  fallback: 'job-manager',
  parse: (text) => (/^[A-Za-z0-9_.-]{1,100}$/.test(text) ? text : undefined),
};

const serverUrl: Setting<string | undefined> = {
  allowed: `${BARE_URL}, or several with commas between them`,
  fallback: undefined,
  redact: redactUrl,
  parse(text) {
    const urls = listed(text).map(bareHttpUrl);
    return urls.length > 0 && urls.every((url) => url !== undefined) ? urls.join(',') : undefined;
  },
};

const agentLabels: Setting<string> = {
  allowed: `at most ${MAX_AGENT_LABELS} labels such as gpu or zone=a with commas between them, each at most ${MAX_LABEL_LENGTH} of letters, digits, ".", "_", "/", "-" and one "="`,
  fallback: '',
  parse(text) {
    const labels = listed(text);
    return labels.length <= MAX_AGENT_LABELS && labels.every(isAgentLabel) ? labelSetText(labels) : undefined;
  },
};

/** How servers and agents in several processes find each other. */
export const FLEET_SETTINGS = { redisUrl, redisPrefix, serverUrl, agentLabels, agentToken: token() };

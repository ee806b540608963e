import { type SettingSource } from './faults.js';
import { isLoopback } from './server.settings.js';

/** The settings that decide together who may call; undefined where one is wrong by itself. */
export interface AuthChoice {
  readonly auth?: 'none' | 'api-key' | 'jwt' | undefined;
  readonly host?: string;
  readonly allowAnonymous?: boolean;
  readonly redisUrl?: string | undefined;
}

/** What is wrong only with several settings side by side, in sentences. */
export function authFaults(values: AuthChoice, source: SettingSource): string[] {
  return [...callersFaults(values, source), ...tokenForNobody(source)];
}

function callersFaults(values: AuthChoice, source: SettingSource): string[] {
  switch (values.auth) {
    case 'none':
      return openDoor(values, source);
    case 'api-key':
      return [...needed('apiKeys', values, source), ...agentsOutside(values, source)];
    case 'jwt':
      return [...oneKey(source), ...agentsOutside(values, source)];
    case undefined:
      // It is a fault of its own.
      return [];
  }
}

function openDoor({ host, allowAnonymous }: AuthChoice, source: SettingSource): string[] {
  if (host === undefined || allowAnonymous === true || isLoopback(host)) return [];
  const [auth, allow] = [source.nameOf('auth'), source.nameOf('allowAnonymous')];
  const advice = `it must be a loopback address while ${auth} is none, unless ${allow} is true`;
  return [
    `${source.nameOf('host')} is ${JSON.stringify(host)}; ${advice}: whoever can reach it can run commands.`,
  ];
}

function oneKey(source: SettingSource): string[] {
  const [secret, url] = [source.nameOf('jwtSecret'), source.nameOf('jwtJwksUrl')];
  const given = ['jwtSecret', 'jwtJwksUrl'].filter((option) => source.read(option) !== undefined);
  if (given.length === 1) return [];
  return given.length === 2
    ? [`${secret} and ${url} are both given; leave one of them out.`]
    : [`${secret} or ${url} is missing; ${source.nameOf('auth')} jwt needs one of them.`];
}

function agentsOutside(values: AuthChoice, source: SettingSource): string[] {
  return values.redisUrl === undefined ? [] : needed('agentToken', values, source);
}

/** An agent shows it and a lease of a job, which is in the database that the servers share, and reached over their Redis. */
function tokenForNobody(source: SettingSource): string[] {
  if (source.read('agentToken') === undefined || source.read('redisUrl') !== undefined) return [];
  const [token, redis, database] = ['agentToken', 'redisUrl', 'databaseUrl'].map((option) =>
    source.nameOf(option),
  );
  return [
    `${token} is given without ${redis}; to know agents of other processes, a service that only keeps their files ` +
      `needs ${redis} and ${database} as well.`,
  ];
}

/** One that was given, and is wrong, is a fault of its own. */
function needed(option: string, { auth }: AuthChoice, source: SettingSource): string[] {
  if (source.read(option) !== undefined) return [];
  return [`${source.nameOf(option)} is missing; ${source.nameOf('auth')} ${String(auth)} needs it.`];
}

import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AGENT_SETTINGS } from '../../src/config/agent-config.js';
import { SETTINGS } from '../../src/config/config.js';
import { JOBS_SETTINGS } from '../../src/config/jobs.settings.js';
import { SERVER_SETTINGS } from '../../src/config/server.settings.js';
import { environmentName } from '../../src/config/setting.js';

const ROOT = join(import.meta.dirname, '..', '..');
const UNITS = 'deploy/systemd';
const SERVER_UNIT = `${UNITS}/job-manager-server.service`;
const AGENT_UNIT = `${UNITS}/job-manager-agent@.service`;

/** What an agent has at the end to tell of its last jobs, and to go: see `Agent.drain` and `process-life.ts`. */
const LAST_WORDS_SECONDS = 15;

const ALL_SETTINGS = namesOf(SETTINGS);
const FOR_AGENTS = namesOf(AGENT_SETTINGS);

function namesOf(settings: object): Set<string> {
  return new Set(Object.keys(settings).map(environmentName));
}

function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '');
}

/** Nobody parses YAML here: the file is ours, of two spaces a level. The lines below a key, without its indentation. */
function below(text: string, key: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`${key}:`));
  expect({ key, isThere: start >= 0 }).toEqual({ key, isThere: true });
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^\S/.test(line));
  return rest
    .slice(0, end === -1 ? undefined : end)
    .map((line) => line.slice(2))
    .join('\n');
}

function keysOf(mapping: string): string[] {
  return [...mapping.matchAll(/^([\w.-]+):/gm)].map(([, key]) => key ?? '');
}

const COMPOSE = withoutComments(textOf('compose.yaml'));
const SERVICES = below(COMPOSE, 'services');

function environmentOf(service: string): string[] {
  return keysOf(below(service, 'environment'));
}

/** Assignments of `Environment=` in a unit. */
function assignedIn(unit: string): string[] {
  const lines = [...withoutComments(textOf(unit)).matchAll(/^Environment=(.*)$/gm)].map(
    ([, line]) => line ?? '',
  );
  return lines.flatMap((line) => line.split(' ')).map((assignment) => assignment.split('=')[0] ?? '');
}

function secondsIn(text: string, what: RegExp): number {
  return Number(what.exec(text)?.[1]);
}

describe('compose.yaml', () => {
  it('sets what servers know', () => {
    const ours = [...keysOf(below(COMPOSE, 'x-environment')), ...environmentOf(below(COMPOSE, 'x-server'))];
    expect(ours).toContain('DATABASE_URL');
    expect(ours.filter((name) => !ALL_SETTINGS.has(name))).toEqual([]);
  });

  it('sets what agents know, and no database', () => {
    const agent = below(SERVICES, 'agent');
    expect(environmentOf(agent).filter((name) => !FOR_AGENTS.has(name))).toEqual([]);
    expect(agent).toMatch(/^networks: \[fleet\]$/m);
  });

  it('publishes ports on loopback only', () => {
    const published = [...COMPOSE.matchAll(/ports: \[(.*)\]/g)].map(([, ports]) => ports ?? '');
    expect(published.length).toBeGreaterThan(0);
    for (const ports of published) expect(ports).toMatch(/^'127\.0\.0\.1:\d+:3000'$/);
  });

  it('reaps orphans, and gives time to stop', () => {
    expect(below(COMPOSE, 'x-job-manager')).toMatch(/^init: true$/m);
    const agent = below(SERVICES, 'agent');
    const grace = secondsIn(agent, /SHUTDOWN_GRACE_SECONDS: '(\d+)'/);
    const kill = JOBS_SETTINGS.killGraceSeconds.fallback;
    expect(secondsIn(agent, /stop_grace_period: (\d+)s/)).toBeGreaterThanOrEqual(
      grace + kill + LAST_WORDS_SECONDS,
    );
  });

  it('starts services that are there, with networks and volumes that are declared', () => {
    const services = keysOf(SERVICES);
    const hosts = [...COMPOSE.matchAll(/(?:http|redis):\/\/([\w-]+):|@([\w-]+):3306/g)].map(
      ([, a, b]) => a ?? b ?? '',
    );
    expect(hosts.filter((host) => host !== '127' && !services.includes(host))).toEqual([]);
    const networks = [...COMPOSE.matchAll(/networks: \[(.*)\]/g)].flatMap(([, list]) =>
      (list ?? '').split(', '),
    );
    expect(networks.filter((name) => !keysOf(below(COMPOSE, 'networks')).includes(name))).toEqual([]);
    const volumes = [...COMPOSE.matchAll(/volumes: \[([\w-]+):/g)].map(([, name]) => name ?? '');
    expect(volumes.filter((name) => !keysOf(below(COMPOSE, 'volumes')).includes(name))).toEqual([]);
  });
});

describe('the units', () => {
  it('are the two that are documented', () => {
    expect(
      readdirSync(join(ROOT, UNITS))
        .map((name) => `${UNITS}/${name}`)
        .sort(),
    ).toEqual([AGENT_UNIT, SERVER_UNIT]);
  });

  it.each([
    [SERVER_UNIT, ALL_SETTINGS],
    [AGENT_UNIT, FOR_AGENTS],
  ])('%s sets what its process knows', (unit, known) => {
    const names = assignedIn(unit);
    expect(names).toContain('DATA_DIR');
    expect(names.filter((name) => name !== 'NODE_ENV' && !known.has(name))).toEqual([]);
  });

  it.each([SERVER_UNIT, AGENT_UNIT])('%s gives time to stop, and signals the process alone', (unit) => {
    const text = textOf(unit);
    const needed = SERVER_SETTINGS.shutdownGraceSeconds.fallback + JOBS_SETTINGS.killGraceSeconds.fallback;
    expect(secondsIn(text, /^TimeoutStopSec=(\d+)$/m)).toBeGreaterThanOrEqual(needed + LAST_WORDS_SECONDS);
    expect(text).toMatch(/^KillMode=mixed$/m);
  });

  it('leave an agent what its launcher needs', () => {
    const options = withoutComments(textOf(AGENT_UNIT));
    const harmful =
      /^(RestrictNamespaces|Protect(KernelTunables|KernelLogs|Hostname|Proc|ControlGroups)|ProcSubset|PrivateUsers|MemoryDenyWriteExecute)=/m;
    expect(options).not.toMatch(harmful);
    expect(options).toMatch(/^Delegate=yes$/m);
  });
});

describe('what they start', () => {
  const texts = ['Dockerfile', 'compose.yaml', SERVER_UNIT, AGENT_UNIT].map(textOf).join('\n');

  it('is what the build makes', () => {
    const entries = new Set([...texts.matchAll(/dist\/[\w/-]+\.js/g)].map(([entry]) => entry));
    expect([...entries].sort()).toEqual(['dist/agent.js', 'dist/main.js']);
    for (const entry of entries) {
      expect({ entry, isBuilt: existsSync(join(ROOT, entry)) }).toEqual({ entry, isBuilt: true });
    }
  });

  it('is built from files that are there, and that the image may see', () => {
    const copies = [...textOf('Dockerfile').matchAll(/^COPY (?!--from)(.*) \S+$/gm)].map(
      ([, files]) => files ?? '',
    );
    const files = copies.flatMap((line) => line.split(' ')).map((file) => file.replace(/^\.\//, ''));
    expect(files).toContain('package-lock.json');
    const ignored = textOf('.dockerignore').split('\n');
    for (const file of files) {
      const seen = { file, isThere: existsSync(join(ROOT, file)), isInContext: ignored.includes(`!${file}`) };
      expect(seen).toEqual({ file, isThere: true, isInContext: true });
    }
  });

  it('runs on a Node.js that package.json allows, and sets what servers know', () => {
    const dockerfile = textOf('Dockerfile');
    const { engines } = JSON.parse(textOf('package.json')) as { engines: { node: string } };
    const majors = [...dockerfile.matchAll(/^FROM node:(\d+)-/gm)].map(([, major]) => major);
    expect(majors.length).toBeGreaterThan(0);
    for (const major of majors) expect(engines.node).toContain(`^${major}.`);
    const names = [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line]) =>
      (line ?? '').split(' ').map((assignment) => assignment.split('=')[0] ?? ''),
    );
    expect(names.filter((name) => name !== 'NODE_ENV' && !ALL_SETTINGS.has(name))).toEqual([]);
    expect(dockerfile).toMatch(/^USER node$/m);
  });
});

describe('docs/operate.md', () => {
  it('names settings that there are, and files that are there', () => {
    const text = textOf('docs/operate.md');
    const assigned = [...text.matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name]) => name ?? '');
    expect(assigned.length).toBeGreaterThan(0);
    expect(assigned.filter((name) => !ALL_SETTINGS.has(name))).toEqual([]);
    const linked = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, path]) => path ?? '');
    for (const path of linked) {
      expect({ path, isThere: existsSync(join(ROOT, 'docs', path)) }).toEqual({ path, isThere: true });
    }
  });
});

import { join } from 'node:path';
import { type Assignment } from '../job-reports.port.js';

/** What every command finds, whatever the service's own environment holds; a job may override it. */
const BASE = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  SHELL: '/bin/sh',
} as const;

/** The whole environment of a command. Its own variables win over the base, ours over its own. */
export function environmentOf(assignment: Assignment, directory: string): Record<string, string> {
  const { binary, inputFiles, lease } = assignment;
  const numbered = inputFiles.map((id, index): [string, string] => [`INPUT_${index + 1}`, id]);
  return {
    ...BASE,
    HOME: directory,
    TMPDIR: directory,
    ...assignment.env,
    ...(binary === null ? {} : { BINARY: join(directory, binary) }),
    ...(inputFiles.length === 0 ? {} : { INPUT_FILES: inputFiles.join(' ') }),
    ...Object.fromEntries(numbered),
    JOB_ID: lease.jobId,
    JOB_ATTEMPT: String(lease.attempt),
  };
}

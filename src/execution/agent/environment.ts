import { join } from 'node:path';
import { type Assignment } from '../job-reports.port.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The whole environment of a command, whatever the service's own holds. Its own variables win over the base that every command
 * finds, ours over its own.
 */
export function environmentOf(assignment: Assignment, directory: string): Record<string, string> {
  const { binary, inputFiles, lease } = assignment;
  const environment: Record<string, string> = {
    PATH,
    LANG: 'C.UTF-8',
    SHELL: '/bin/sh',
    HOME: directory,
    TMPDIR: directory,
    ...assignment.env,
  };
  if (binary !== null) environment.BINARY = join(directory, binary);
  if (inputFiles.length > 0) environment.INPUT_FILES = inputFiles.join(' ');
  for (const [index, id] of inputFiles.entries()) environment[`INPUT_${index + 1}`] = id;
  environment.JOB_ID = lease.jobId;
  environment.JOB_ATTEMPT = String(lease.attempt);
  return environment;
}

import { execPath } from 'node:process';

const MIB = 1_048_576;
/** Of the service that is abused. */
export const SETTINGS = { MAX_OUTPUT_BYTES: String(256 * MIB), MAX_OPEN_FILES: '1024' };

/**
 * @typedef {object} Abuse
 * @property {string} name
 * @property {string} command
 * @property {Record<string, number>} limits
 * @property {string} named the limit that must end it, as `reason` has it
 */

/** @type {readonly Abuse[]} */
export const ABUSES = [
  {
    name: 'forks',
    command: 'b() { b & b & b; }; while :; do b 2>/dev/null; done',
    limits: { pids: 200 },
    named: 'limits.pids',
  },
  {
    name: 'maps 4 GB',
    command: 'head -c 4G /dev/zero | tail -c 4G | wc -c',
    limits: { memory_bytes: 256 * MIB },
    named: 'limits.memory_bytes',
  },
  {
    name: 'writes 10 GB',
    command: 'head -c 10G /dev/zero >file',
    limits: { disk_bytes: 512 * MIB },
    named: 'limits.disk_bytes',
  },
  { name: 'prints 10 GB', command: 'head -c 10G /dev/zero', limits: {}, named: 'MAX_OUTPUT_BYTES' },
  {
    name: 'opens 100,000 files',
    command: `'${execPath}' -e 'for (let i = 0; i < 100000; i += 1) require("fs").openSync("f" + i, "w")'`,
    limits: {},
    named: 'MAX_OPEN_FILES',
  },
  {
    name: 'makes 100,000 files',
    command: 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); : >$i; done',
    limits: { disk_bytes: 32 * MIB },
    named: 'limits.disk_bytes',
  },
  { name: 'spins', command: 'while :; do :; done', limits: { cpu_seconds: 1 }, named: 'limits.cpu_seconds' },
  {
    name: 'spins eightfold',
    command: 'for i in 1 2 3 4 5 6 7 8; do while :; do :; done & done; wait',
    limits: { cpu_seconds: 2 },
    named: 'limits.cpu_seconds',
  },
];

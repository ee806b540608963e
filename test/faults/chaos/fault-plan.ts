import { LEASE_SECONDS } from './fleet.js';
import { type Random } from './random.js';

/** What is done to something of the fleet, for how long. */
export interface PlannedFault {
  /** After the end of the fault before, in the same lane. */
  readonly pauseMs: number;
  readonly what: 'kill' | 'freeze' | 'flush' | 'cut' | 'silence' | 'slow' | 'isolate';
  /** Name of a process, of a store or of a wire. */
  readonly target: string;
  readonly forMs: number;
}

/** Faults one after the other; those of different lanes meet. */
export type Lane = readonly PlannedFault[];

interface Choice {
  readonly weight: number;
  readonly what: PlannedFault['what'];
  readonly targets: readonly string[];
  /** Least and most. */
  readonly forMs: readonly [number, number];
}

/** No two lanes touch the same thing. */
const LANES: readonly (readonly Choice[])[] = [
  [
    { weight: 3, what: 'kill', targets: ['server-1', 'server-2'], forMs: [0, 3_000] },
    { weight: 2, what: 'freeze', targets: ['server-1', 'server-2'], forMs: [500, 6_000] },
    { weight: 1, what: 'kill', targets: ['data-manager'], forMs: [0, 3_000] },
  ],
  [
    { weight: 3, what: 'kill', targets: agents(), forMs: [0, 3_000] },
    { weight: 2, what: 'freeze', targets: agents(), forMs: [LEASE_SECONDS * 1_000, LEASE_SECONDS * 2_500] },
    { weight: 1, what: 'freeze', targets: agents(), forMs: [100, LEASE_SECONDS * 1_000] },
  ],
  [
    { weight: 2, what: 'kill', targets: ['redis'], forMs: [0, 5_000] },
    { weight: 2, what: 'flush', targets: ['redis'], forMs: [0, 0] },
    { weight: 1, what: 'freeze', targets: ['redis'], forMs: [500, 6_000] },
    { weight: 2, what: 'kill', targets: ['mariadb'], forMs: [0, 2_000] },
    { weight: 1, what: 'freeze', targets: ['mariadb'], forMs: [500, 6_000] },
  ],
  [
    { weight: 3, what: 'cut', targets: wires(), forMs: [0, 6_000] },
    { weight: 3, what: 'silence', targets: wires(), forMs: [500, 12_000] },
    { weight: 1, what: 'slow', targets: wires(), forMs: [1_000, 6_000] },
    { weight: 2, what: 'isolate', targets: agents(), forMs: [1_000, LEASE_SECONDS * 2_500] },
  ],
];

/** Faults for so long, without those that would begin later. */
export function planFaults(random: Random, lastsMs: number): Lane[] {
  return LANES.map((choices) => planLane(random.fork(), choices, lastsMs));
}

function planLane(random: Random, choices: readonly Choice[], lastsMs: number): Lane {
  const lane: PlannedFault[] = [];
  for (let at = 0; ;) {
    const { what, targets, forMs } = random.pickWeighted(choices);
    const fault = {
      pauseMs: Math.round(random.between(500, 4_000)),
      what,
      target: random.pick(targets),
      forMs: Math.round(random.between(...forMs)),
    };
    at += fault.pauseMs;
    if (at >= lastsMs) return lane;
    lane.push(fault);
    at += fault.forMs;
  }
}

function agents(): string[] {
  return ['agent-1', 'agent-2', 'agent-3'];
}

function wires(): string[] {
  return [
    ...agents().flatMap((agent) => [
      `${agent} to server-1`,
      `${agent} to server-2`,
      `${agent} to redis`,
      `${agent} to data-manager`,
    ]),
    ...['server-1', 'server-2'].flatMap((server) => [
      `${server} to mariadb`,
      `${server} to redis`,
      `${server} to data-manager`,
    ]),
  ];
}

/** @typedef {import('./meter.js').Cost} Cost */

/**
 * @typedef {object} Size
 * @property {number} agents
 * @property {{ agents: number, cost: Cost }} arrived
 * @property {{ cost: Cost, jobs: number, refusedShare: number, waitMs: { p50: number, p99: number } }} dispatched
 * @property {Cost} resting
 * @property {{ bare: number, rate: number, given: number, cost: Cost }} beating
 * @property {{ given: number, cost: Cost } | undefined} keeping
 * @property {number} repeated
 * @property {Cost} refilled
 */

/**
 * @typedef {object} Findings
 * @property {readonly Size[]} sizes
 * @property {readonly { labels: number, ms: number, rows: number }[]} statements
 * @property {{ feeds: number, cost: Cost, connections: number, bytes: number }} listening
 */

/** Prints what was found at the end, and all of it as one line of JSON. @param {Findings} findings */
export function tell({ sizes, statements, listening }) {
  const figures = {
    sizes: sizes.map(figuresOf),
    statements,
    listening: {
      feeds: listening.feeds,
      connectionsEach: listening.connections / listening.feeds,
      bytesEach: listening.bytes / listening.feeds,
      ...each(listening.cost, listening.feeds * (listening.cost.ms / 1_000)),
    },
  };
  console.log('\nThe statement that fills a window of 1,000 for an agent with so many labels:');
  for (const { labels, ms, rows } of statements)
    console.log(`  ${labels} labels: ${ms.toFixed(1)} ms, ${rows} rows read`);
  const { connectionsEach, bytesEach, commands, cpuMs } = figures.listening;
  console.log(
    `\nAn idle agent costs Redis ${connectionsEach.toFixed(1)} connections, ${(bytesEach / 1_000).toFixed(0)} kB, ${commands.toFixed(1)} commands and ${(cpuMs['redis'] ?? 0).toFixed(2)} ms of CPU a second`,
  );
  console.log(`\n${JSON.stringify({ benchmark: 'dispatch', ...figures })}`);
}

/** @param {Size} size */
function figuresOf({ agents, arrived, dispatched, resting, beating, keeping, repeated, refilled }) {
  return {
    agents,
    arrival: { rate: rate(arrived.agents, arrived.cost), ...each(arrived.cost, arrived.agents) },
    job: {
      rate: rate(dispatched.jobs, dispatched.cost),
      refusedShare: dispatched.refusedShare,
      waitMs: dispatched.waitMs,
      ...each(dispatched.cost, dispatched.jobs),
    },
    signOfLife: {
      rate: beating.rate,
      bareUpdate: beating.bare,
      ratio: beating.rate / beating.bare,
      ...each(beating.cost, beating.given),
    },
    asOftenAsAgentsGiveThem: keeping && {
      rate: rate(keeping.given, keeping.cost),
      ...each(keeping.cost, keeping.cost.ms / 1_000),
    },
    refill: { ms: refilled.ms, ...each(refilled, 1) },
    secondAtRest: each(resting, resting.ms / 1_000),
    repeated,
  };
}

/** Prints what was found with so many agents. @param {Size} size */
export function tellSize(size) {
  const { agents, arrival, job, signOfLife, refill, secondAtRest, repeated, ...more } = figuresOf(size);
  const { asOftenAsAgentsGiveThem: kept } = more;
  console.log(`\n${agents} agents`);
  console.log(`  arrival: ${line(arrival)}, ${arrival.rate.toFixed(0)} a second`);
  console.log(
    `  job: ${line(job)}, ${job.rate.toFixed(0)} a second; ${(100 * job.refusedShare).toFixed(0)} % of claims refused; claimed ${job.waitMs.p50} ms after it was accepted (p99 ${job.waitMs.p99})`,
  );
  console.log(
    `  sign of life: ${line(signOfLife)}, ${signOfLife.rate.toFixed(0)} a second, ${signOfLife.ratio.toFixed(2)} of bare UPDATEs (${signOfLife.bareUpdate.toFixed(0)})`,
  );
  if (kept)
    console.log(`  a second with ${kept.rate.toFixed(0)} signs of life, as agents give them: ${line(kept)}`);
  console.log(`  all windows filled anew: ${line(refill)}, within ${refill.ms.toFixed(0)} ms`);
  console.log(`  a second at rest: ${line(secondAtRest)}`);
  console.log(`  reports made again for want of an answer in time: ${repeated}`);
}

/** @param {ReturnType<typeof each>} one */
function line({ cpuMs, statements, rows, commands }) {
  const cpu = Object.entries(cpuMs).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
  return `CPU ms: ${cpu.join(', ')}; ${statements.toFixed(1)} statements, ${rows.toFixed(0)} rows read, ${commands.toFixed(1)} commands`;
}

/** @param {number} count @param {Cost} cost */
function rate(count, { ms }) {
  return (count / ms) * 1_000;
}

/**
 * @param {Cost} cost
 * @param {number} count
 */
function each({ cpu, statements, rows, logBytes, commands }, count) {
  return {
    cpuMs: Object.fromEntries(
      Object.entries(cpu).map(([name, seconds]) => [name, (seconds * 1_000) / count]),
    ),
    statements: statements / count,
    rows: rows / count,
    logBytes: logBytes / count,
    commands: commands / count,
  };
}

import { eventually } from '../../support/eventually.js';
import { Caller } from './caller.js';
import { type Finding, wrongMarks } from './checks.js';
import { Faults } from './faults.js';
import { Fleet, type FleetOptions } from './fleet.js';
import { type StoredInputs } from './job-plan.js';
import { type JobRecord } from './job-record.js';
import { noStrayFile, nothingLeftOf, queuesAreEmpty } from './leftovers.js';
import { type Random } from './random.js';
import { keepEvidence, reportOf } from './report.js';
import { Settling } from './settling.js';
import { Timeline } from './timeline.js';
import { Watcher } from './watcher.js';
import { Workload } from './workload.js';
import { Yard } from './yard.js';

const SETTLED_WITHIN_MS = 90_000;
/** For each job that exists, on a machine with few cores. */
const A_JOB_MS = 50;
const IDLE_WITHIN_MS = 20_000;

export interface ScenarioOptions extends FleetOptions {
  readonly seed: number;
  readonly random: Random;
}

/** The parts of one run, ready to be put to work. */
export class Scenario {
  readonly timeline = new Timeline();
  readonly findings: Finding[] = [];
  readonly faults: Faults;
  private records: JobRecord[] = [];
  private inputs: StoredInputs = { binary: '', files: [] };

  private constructor(
    private readonly options: ScenarioOptions,
    readonly fleet: Fleet,
    readonly yard: Yard,
  ) {
    this.faults = new Faults(fleet, this.timeline, (text) => {
      this.findings.push({ text });
    });
  }

  static async make(options: ScenarioOptions): Promise<Scenario> {
    return new Scenario(options, await Fleet.start(options), await Yard.make());
  }

  /** Stores what jobs may name. */
  async store(contents: readonly string[]): Promise<StoredInputs> {
    const { client } = this.fleet.dataManager;
    const binary = await client.upload('#!/bin/sh\ncat "$@"\n');
    const files = await Promise.all(
      contents.map(async (content) => ({ id: await client.upload(content), content })),
    );
    this.inputs = { binary, files };
    return this.inputs;
  }

  /** Lets `work` happen to `records`, mends what it broke, and judges what came of it: throws the whole report. */
  async run(
    records: JobRecord[],
    work: (workload: Workload, watcher: Watcher) => Promise<void>,
  ): Promise<void> {
    this.records = records;
    const random = this.options.random.fork();
    const onFinding = (text: string): void => void this.findings.push({ text });
    const { timeline, yard, fleet } = this;
    const urls = fleet.servers.map(({ url }) => url);
    const caller = new Caller({ urls, random, onFinding });
    const workload = new Workload(records, { caller, yard, timeline, onFinding });
    const watcher = new Watcher({ records, caller, random, timeline, onFinding });
    try {
      await work(workload, watcher);
      timeline.note('all mended, all submitted');
      await this.judge(new Settling({ workload, watcher, caller, fleet }));
    } catch (error) {
      onFinding(error instanceof Error ? String(error.stack) : String(error));
    }
    await this.conclude();
  }

  private async judge(settling: Settling): Promise<void> {
    this.findings.push(...(await settling.settle(SETTLED_WITHIN_MS + this.records.length * A_JOB_MS)));
    this.timeline.note('settled');
    this.findings.push(...(await settling.wrongResults()));
    const inputs = [this.inputs.binary, ...this.inputs.files.map(({ id }) => id)];
    await this.fleetIsIdle();
    if (this.findings.length === 0) {
      await noStrayFile(this.fleet, new Set([...settling.owned(), ...inputs]));
    }
    await queuesAreEmpty(this.fleet);
    for (const [name, { uncalledEndings }] of this.fleet.processes) {
      for (const ending of uncalledEndings)
        this.findings.push({ text: `${name} ended by itself: ${ending}` });
    }
    await this.fleet.stop();
    await nothingLeftOf(this.fleet, this.yard);
  }

  private async fleetIsIdle(): Promise<void> {
    for (const { client } of this.fleet.servers) {
      await eventually(
        async () => {
          const { body } = await client.call('GET', '/agents');
          const { agents } = body as { agents: { running_jobs: string[] }[] };
          const running = agents.flatMap(({ running_jobs }) => running_jobs);
          if (agents.length === this.fleet.agents.length && running.length === 0) return;
          throw new Error(`GET /agents shows agents that are lost, or busy: ${JSON.stringify(body)}`);
        },
        { withinMs: IDLE_WITHIN_MS, everyMs: 200 },
      );
    }
  }

  private async conclude(): Promise<void> {
    const marks = await this.yard.marks();
    this.findings.push(...wrongMarks(this.records, marks, this.faults));
    const { findings, records, timeline, fleet } = this;
    const evidence = { seed: this.options.seed, findings, records, marks, timeline, fleet };
    const { CHAOS_REPORT } = process.env;
    if (CHAOS_REPORT !== undefined) await keepEvidence(CHAOS_REPORT, evidence);
    if (this.findings.length > 0) throw new Error(reportOf(evidence));
  }
}

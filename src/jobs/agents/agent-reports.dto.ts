import { type AgentCard } from '../../execution/job-reports.port.js';
import {
  agentFromWire,
  type WireAgent,
  type WireLease,
  type WireReports,
  type WireResult,
} from '../../execution/report-wire.port.js';
import { Given } from '../../http/given.js';
import { Must } from '../../http/must.js';
import { labelsIn, labelSetText } from '../../kernel/agent-labels.js';
import { requiredUuidRule } from '../api/rules/id.rules.js';
import { agentNameRule, agentRule, leaseRule, leasesRule, resultRule } from './report.rules.js';

type Arrived = WireReports['arrived'];
type Claim = WireReports['claim'];
type Started = WireReports['started'];
type Renew = WireReports['renew'];
type Ended = WireReports['ended'];

/** The body of `arrived` and `left`. */
export class AgentDto implements Arrived {
  @Given()
  @Must(agentRule)
  agent!: WireAgent;
}

export class ClaimDto implements Claim {
  @Must(requiredUuidRule)
  job_id!: string;

  @Must(agentNameRule)
  agent!: string;

  @Must(requiredUuidRule)
  token!: string;
}

export class StartedDto implements Started {
  @Given()
  @Must(leaseRule)
  lease!: WireLease;
}

export class RenewDto extends AgentDto implements Renew {
  @Given()
  @Must(leasesRule)
  leases!: readonly WireLease[];
}

export class EndedDto implements Ended {
  @Given()
  @Must(leaseRule)
  lease!: WireLease;

  @Given()
  @Must(resultRule)
  result!: WireResult;
}

/** The validated card, without what the port does not know; its labels sorted, as the port has them. */
export function cardOf({ agent }: AgentDto): AgentCard {
  const card = agentFromWire(agent);
  return { ...card, labels: labelsIn(labelSetText(card.labels)) };
}

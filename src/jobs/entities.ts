import { type EntitySchema } from 'typeorm';
import { agentSchema } from './agents/agent.entity.js';
import { idempotencyKeySchema } from './idempotency/idempotency-key.entity.js';
import { webhookSchema } from './webhooks/webhook.entity.js';
import { jobLabelSchema, jobSchema, type SchemaTarget } from './job.entity.js';

/** All tables of the job manager. */
export function entitiesFor(target: SchemaTarget): EntitySchema[] {
  return [
    jobSchema(target),
    jobLabelSchema(target),
    agentSchema(target),
    idempotencyKeySchema(target),
    webhookSchema(target),
  ];
}

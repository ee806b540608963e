import { DomainError } from '../../kernel/errors.js';
import { Given } from '../../http/given.js';
import { MayBeAbsent, Must } from '../../http/must.js';
import { lowerCased, requiredUuidRule, uuidRule } from './rules/id.rules.js';

/** A job's id where it must be given. */
export class JobIdDto {
  @Given(lowerCased)
  @Must(requiredUuidRule)
  job_id!: string;
}

/** A job's id where it may be given in another place. */
export class MaybeJobIdDto {
  @MayBeAbsent()
  @Given(lowerCased)
  @Must(uuidRule)
  job_id?: string;
}

/**
 * The one job that body and query string name.
 *
 * @throws DomainError invalid_request where they name none, or two
 */
export function jobIdIn(body: MaybeJobIdDto, query: MaybeJobIdDto): string {
  const id = body.job_id ?? query.job_id;
  if (id === undefined) {
    throw new DomainError(
      'invalid_request',
      'job_id is missing: give it in the body or in the query string.',
    );
  }
  if (query.job_id !== undefined && query.job_id !== id) {
    throw new DomainError('invalid_request', 'job_id differs between the body and the query string.');
  }
  return id;
}

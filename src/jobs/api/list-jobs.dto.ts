import { Given } from '../../http/given.js';
import { MayBeAbsent, Must } from '../../http/must.js';
import { type JobFilter, type VisibleState } from '../job.types.js';
import { asArray } from './rules/id.rules.js';
import {
  isoTime,
  isoTimeRule,
  labelFilter,
  labelFiltersRule,
  pageTokenRule,
  statesRule,
} from './rules/list.rules.js';
import { asInteger, integerRule } from './rules/number.rules.js';
import { userRule } from './rules/text.rules.js';

const LIMIT = { min: 1, max: 1_000, default: 100 } as const;

/** The query string of `GET /list_jobs`. */
export class ListJobsDto {
  @MayBeAbsent()
  @Given(asArray)
  @Must(statesRule)
  state?: VisibleState[];

  @MayBeAbsent()
  @Must(userRule)
  user?: string;

  @MayBeAbsent()
  @Given(asArray)
  @Must(labelFiltersRule)
  label?: string[];

  @MayBeAbsent()
  @Must(isoTimeRule)
  created_after?: string;

  @MayBeAbsent()
  @Must(isoTimeRule)
  created_before?: string;

  @MayBeAbsent()
  @Given(asInteger)
  @Must(integerRule(LIMIT))
  limit?: number;

  @MayBeAbsent()
  @Must(pageTokenRule)
  page_token?: string;
}

/** The validated filters, in the words of the domain. */
export function jobFilterOf(dto: ListJobsDto): JobFilter {
  const createdAfter = isoTime(dto.created_after);
  const createdBefore = isoTime(dto.created_before);
  return {
    ...(dto.state && { states: [...new Set(dto.state)] }),
    ...(dto.user !== undefined && { user: dto.user }),
    ...(dto.label && { labels: dto.label.flatMap((text) => labelFilter(text) ?? []) }),
    ...(createdAfter !== undefined && { createdAfter }),
    ...(createdBefore !== undefined && { createdBefore }),
    limit: dto.limit ?? LIMIT.default,
    ...(dto.page_token !== undefined && { pageToken: dto.page_token }),
  };
}

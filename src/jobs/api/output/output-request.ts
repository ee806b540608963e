import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type HostRequest, rawRequest } from '../../../http/host/unread-body.js';
import { type SeenEvent, seenEventIn } from './event-id.js';

/** What a caller asks for who follows a job. */
export interface OutputRequest {
  /** Undefined: all from the first byte on. */
  readonly seen: SeenEvent | undefined;
  /** False for `HEAD`. */
  readonly wantsBody: boolean;
}

/** Parameter: {@link OutputRequest}. Throws DomainError invalid_request. */
export const RequestOfOutput = createParamDecorator(
  (_data: unknown, context: ExecutionContext): OutputRequest => {
    const { headersDistinct, method } = rawRequest(context.switchToHttp().getRequest<HostRequest>());
    return { seen: seenEventIn(headersDistinct['last-event-id']?.join()), wantsBody: method !== 'HEAD' };
  },
);

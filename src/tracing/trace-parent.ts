import { type Context, context, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/**
 * The place in the trace that the caller is in, as the header `traceparent` has it (W3C Trace Context, 3.2): how a trace goes
 * on where no call leads, in the row of a job, in a message, in another process. Undefined where nothing is recorded.
 */
export function currentTraceParent(): string | undefined {
  const place = trace.getSpanContext(context.active());
  if (place === undefined || (place.traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  return `00-${place.traceId}-${place.spanId}-01`;
}

/** The same as a header of a request to another process of ours. */
export function traceHeaders(): { traceparent?: string } {
  const traceparent = currentTraceParent();
  return traceparent === undefined ? {} : { traceparent };
}

/** The context that goes on from there; the root of a trace of its own where it is absent or says nothing. */
export function contextAt(traceParent: string | null | undefined): Context {
  const [, traceId, spanId, flags = ''] = TRACE_PARENT.exec(traceParent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  // A caller may want none: then nothing is recorded here either, unless the sampler says otherwise.
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  const place = { traceId, spanId, traceFlags, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, place);
}

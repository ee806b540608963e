import { type Attributes, type Context, context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';

/** Without a provider, of the process's or of a host's, all of this does nothing. */
const tracer = trace.getTracer('job-manager');

export interface SpanOptions {
  readonly attributes?: Attributes;
  /** Absent: the span that the caller is in. */
  readonly parent?: Context;
}

/** Runs `work` in a span of this name; where it rejects, the span says so, without the words: they may hold a secret. */
export function inSpan<T>(name: string, work: () => Promise<T>, options: SpanOptions = {}): Promise<T> {
  const { attributes = {}, parent = context.active() } = options;
  return tracer.startActiveSpan(name, { attributes }, parent, async (span: Span) => {
    try {
      return await work();
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Notes what is over already. Instants are milliseconds since the epoch. */
export function noteSpan(
  name: string,
  { from, to }: { readonly from: number; readonly to: number },
  { attributes = {}, parent = context.active() }: SpanOptions = {},
): void {
  tracer.startSpan(name, { attributes, startTime: from }, parent).end(to);
}

/** Tells more of the span that the caller is in. */
export function describeSpan(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}

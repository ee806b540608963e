import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanStatusCode,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';

const NAME = 'job-manager';
const tracer = trace.getTracer(NAME);

export interface SpanOptions {
  readonly attributes?: Attributes;
  /** Absent: the span that the caller is in. */
  readonly parent?: Context;
}

/** What the API has in the place of a provider that may yet come. */
interface StandIn {
  getDelegateTracer?(name: string): unknown;
}

/** Whether there is a provider, of the process's or of a host's. Without one all of this does nothing. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider() as TracerProvider & StandIn;
  return provider.getDelegateTracer === undefined || provider.getDelegateTracer(NAME) !== undefined;
}

/** Runs `work` in a span of this name; where it rejects, the span says so, without the words: they may hold a secret. */
export function inSpan<T>(name: string, work: () => Promise<T>, options: SpanOptions = {}): Promise<T> {
  if (!isTraced()) return work();
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

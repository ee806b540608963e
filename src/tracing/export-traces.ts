import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';

/** What the collector gets at the end to take the last spans. */
const LAST_SPANS_MS = 2_000;

/** What sends what is left. */
interface Closing {
  shutdown(): Promise<void>;
}

/** What runs until it is closed. */
interface Closable {
  close(): Promise<void>;
}

export interface TraceExportOptions {
  /** URL of the collector, without `/v1/traces`; absent: nothing is recorded. */
  readonly endpoint: string | undefined;
  /** What the process is called where `OTEL_SERVICE_NAME` says nothing else. */
  readonly service: string;
}

/** Starts what is to be traced. Closed, it sends the spans that are left. */
export async function tracing(
  { endpoint, service }: TraceExportOptions,
  start: () => Promise<Closable>,
): Promise<Closable> {
  if (endpoint === undefined) return start();
  const provider = await recordSpans(endpoint, service);
  const running = await start();
  const close = async (): Promise<void> => {
    await running.close();
    await Promise.race([
      provider.shutdown().catch(complain),
      delay(LAST_SPANS_MS, undefined, { ref: false }),
    ]);
  };
  return { close };
}

/**
 * Records this process's spans and sends them to a collector by OTLP over HTTP. Sampling, batches, headers and attributes of
 * the process are as OpenTelemetry's own variables say (`OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, …).
 */
async function recordSpans(endpoint: string, service: string): Promise<Closing> {
  // Only where they are wanted: together they take a tenth of a second.
  const [
    { BatchSpanProcessor, NodeTracerProvider },
    { OTLPTraceExporter },
    resources,
    { setGlobalErrorHandler },
  ] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/core'),
  ]);
  const { defaultResource, detectResources, envDetector, resourceFromAttributes } = resources;
  setGlobalErrorHandler(complain);
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': service }))
    .merge(detectResources({ detectors: [envDetector] }));
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
  provider.register();
  return provider;
}

const logger = new Logger('Traces');

/** A collector that is away stops nothing; what could not be sent is lost. */
function complain(fault: unknown): void {
  const reason = fault instanceof Error ? fault.message : 'the collector does not answer';
  logger.warn(`traces could not be sent: ${reason}`);
}

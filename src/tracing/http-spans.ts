import { type Context, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { contextAt } from './trace-parent.js';

/** Probes, which come every few seconds. */
const SAYS_NOTHING = /^\/(health\/|metrics$)/;

/**
 * A span for each request, by the names of OpenTelemetry's conventions for HTTP servers, in the caller's trace where it sends
 * `traceparent`. No path, header or query string is in it: they may hold secrets.
 */
export function traceRequests(instance: FastifyInstance): void {
  const tracer = trace.getTracer('job-manager');
  const contexts = new WeakMap<FastifyRequest, Context>();
  instance.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url;
    if (route === undefined || !SAYS_NOTHING.test(route)) contexts.set(request, begin(request, reply));
    done();
  });
  // Not earlier: reading the body leaves the context in which it began.
  instance.addHook('preHandler', (request, _reply, done) => {
    context.with(contexts.get(request) ?? context.active(), done);
  });

  function begin(request: FastifyRequest, reply: FastifyReply): Context {
    const { method, routeOptions, headers, id } = request;
    const { url: route = 'none' } = routeOptions;
    const parent = contextAt(typeof headers.traceparent === 'string' ? headers.traceparent : undefined);
    const attributes = { 'http.request.method': method, 'http.route': route, 'job_manager.request_id': id };
    const span = tracer.startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
    reply.raw.once('close', () => {
      const { statusCode } = reply.raw;
      span.setAttribute('http.response.status_code', statusCode);
      if (statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    return trace.setSpan(parent, span);
  }
}

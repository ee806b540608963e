import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

/** Answers what no route took: 405 where the path is known by other methods (204 for OPTIONS), else 404. */
export function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply): void {
  const { method } = request;
  const [path = ''] = request.url.split('?', 1);
  const methods = methodsOf(request.server, path);
  // A route of this very method that passed the request on has found nothing there.
  if (methods.length === 0 || methods.includes(method)) {
    void reply.code(404).send({ error: `There is no ${method} ${shown(path)} here; see /docs.` });
    return;
  }
  reply.header('allow', [...methods, 'OPTIONS'].join(', '));
  if (method === 'OPTIONS') void reply.code(204).send();
  else void reply.code(405).send({ error: `${method} is not possible here, only ${methods.join(', ')}.` });
}

function methodsOf(server: FastifyInstance, path: string): string[] {
  // Null where there is none, whatever the declared type says.
  return server.supportedMethods.filter((method) => Boolean(server.findRoute({ method, url: path })));
}

function shown(path: string): string {
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}

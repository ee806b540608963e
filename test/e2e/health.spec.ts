import { describe, expect, it } from '@jest/globals';
import { startServer, useServer } from '../support/server.js';
import { describeOnDatabases } from '../support/services.js';

describeOnDatabases('a server', (database) => {
  const server = useServer(() => ({ database }));

  it.each(['/health/live', '/health/ready'])('answers %s with 200', async (path) => {
    expect((await server().client.call('GET', path)).status).toBe(200);
  });

  it('describes itself as OpenAPI 3.1', async () => {
    const { body, status } = await server().client.call('GET', '/docs-json');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      openapi: expect.stringMatching(/^3\.1/),
      paths: expect.objectContaining({ '/run': expect.anything(), '/list_jobs': expect.anything() }),
    });
  });

  it('logs one JSON object a line', async () => {
    await server().client.answerOf('true');
    for (const line of server().logs().split('\n')) expect(JSON.parse(line)).toBeInstanceOf(Object);
  });
});

describe('wrong settings', () => {
  it('stop the start, all told at once', async () => {
    const start = startServer({ env: { AGENT_CONCURRENCY: 'many', MAX_OUTPUT_BYTES: '-1' } });
    await expect(start).rejects.toThrow(
      /AGENT_CONCURRENCY[^]*MAX_OUTPUT_BYTES|MAX_OUTPUT_BYTES[^]*AGENT_CON/,
    );
  });
});

import { expect, it } from '@jest/globals';
import { NOBODYS_ID, UUID } from '../support/answers.js';
import { describeOnDeployments } from '../support/deployments.js';
import { curl, type RawAnswer } from '../support/raw-http.js';
import { useServer } from '../support/server.js';

/** As printed in the specification, trailing comma and all. */
const RUN = `{
        "command": "uname -a | wc -l",
    }`;
const naming = (jobId: string): string => `{
        "job_id": "${jobId}",
    }`;

describeOnDeployments("the specification's sample calls", ({ options, bases, listAt }) => {
  const server = useServer(() => options);
  const at = (path: string): string => server().url + path;

  it('run the sample job to its answer, cancel and delete as printed', async () => {
    const started = await curl('POST', at('/api/job/run'), RUN);
    expect(started).toMatchObject({ status: 201, body: expect.stringContaining('job_id') });
    const jobId = jobIdIn(started);
    expect(JSON.parse(started.body)).toEqual({ job_id: expect.stringMatching(UUID) });
    const { answer_id } = await server().client.waitForState(jobId, ['succeeded']);
    expect((await server().client.download(String(answer_id))).toString()).toBe('1\n');

    const info = await curl('GET', at(`/api/job/job_info/${jobId}`));
    expect(info.status).toBe(200);
    expect(JSON.parse(info.body)).toMatchObject({ state: 'succeeded', answer_id });

    const list = await curl('GET', at(listAt));
    expect(list.status).toBe(200);
    expect(JSON.parse(list.body)).toMatchObject({ job_ids: [jobId] });

    const running = await server().client.run('sleep 1000');
    const cancelled = await curl('POST', at('/api/job/cancel'), naming(running));
    expect(cancelled).toMatchObject({ status: 200, body: JSON.stringify({ job_id: running }) });

    const deleted = await curl('DELETE', at('/api/job/delete'), naming(jobId));
    expect(deleted).toMatchObject({ status: 200, body: JSON.stringify({ job_id: jobId }) });
    expect((await curl('GET', at(`/api/job/job_info/${jobId}`))).status).toBe(410);
  });

  it('say 404 for the job that the samples name, which never existed', async () => {
    const info = await curl('GET', at(`/api/job/job_info/${NOBODYS_ID}`));
    expect(info.status).toBe(404);
    expect(JSON.parse(info.body)).toEqual({ error: expect.any(String) });
  });

  it.each(bases)('answer below "%s"', async (prefix) => {
    const jobId = jobIdIn(await curl('POST', at(`${prefix}/run`), RUN));
    expect((await curl('GET', at(`${prefix}/job_info/${jobId}`))).status).toBe(200);
    expect((await curl('GET', at(`${prefix}/job_info?job_id=${jobId}`))).status).toBe(200);
    expect((await curl('GET', at(`${prefix}/list_jobs`))).body).toContain(jobId);
    const sleeping = await server().client.run('sleep 1000');
    expect((await curl('POST', at(`${prefix}/cancel`), naming(sleeping))).status).toBe(200);
    expect((await curl('DELETE', at(`${prefix}/delete`), naming(jobId))).status).toBe(200);
    expect((await curl('DELETE', at(`${prefix}/cancel`), naming(sleeping))).status).toBe(200);
    expect((await curl('PUT', at(`${prefix}/run`), RUN)).status).toBe(405);
    expect((await curl('GET', at(`${prefix}/job_info/${sleeping}`))).status).toBe(410);
  });

  it('delete by the query string where a proxy dropped the body', async () => {
    const jobId = await server().client.run('true');
    expect(await curl('DELETE', `${server().client.url}/delete?job_id=${jobId}`)).toMatchObject({
      status: 200,
      body: JSON.stringify({ job_id: jobId }),
    });
  });

  it('take real form fields, input files among them', async () => {
    const { client } = server();
    const files = await Promise.all([client.upload('one\n'), client.upload('two\n')]);
    const form = new URLSearchParams({ command: 'cat $INPUT_FILES; uname -s' });
    for (const file of files) form.append('input_files', file);
    const jobId = jobIdIn(await curl('POST', `${client.url}/run`, form.toString()));
    const { answer_id } = await client.waitForState(jobId, ['succeeded']);
    expect((await client.download(String(answer_id))).toString()).toBe('one\ntwo\nLinux\n');
  });
});

function jobIdIn({ body }: RawAnswer): string {
  return (JSON.parse(body) as { job_id: string }).job_id;
}

import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { type Locator, type Page } from 'playwright-core';
import { UUID } from '../support/answers.js';
import { useBrowser } from '../support/browser.js';
import { type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { useServer } from '../support/server.js';
import { describeWithChromium } from '../support/services.js';
import { keyHolders } from '../support/users.js';

const users = keyHolders({ anna: 'user' });

/** Gives the page a key, as a person does. */
async function authorize(page: Page, key: string): Promise<void> {
  await page.locator('.auth-wrapper button.authorize').click();
  const dialog = page.locator('.modal-ux');
  const bearer = dialog.locator('.auth-container', { hasText: 'bearer' }).first();
  const remove = bearer.getByRole('button', { name: 'Remove authorization' });
  if ((await remove.count()) > 0) await remove.click();
  await bearer.locator('input').fill(key);
  await bearer.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
}

/** One operation of the page, opened as a person opens it. */
class Operation {
  private constructor(private readonly block: Locator) {}

  static async open(page: Page, method: string, path: string): Promise<Operation> {
    const block = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });
    await block.locator('.opblock-summary').first().click();
    await block.getByRole('button', { name: 'Try it out' }).click();
    return new Operation(block);
  }

  async fill(parameter: string, value: string): Promise<void> {
    await this.block.locator(`tr[data-param-name="${parameter}"] input`).fill(value);
  }

  async fillBody(value: unknown): Promise<void> {
    await this.block.locator('textarea.body-param__text').fill(JSON.stringify(value));
  }

  async choose(file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
    await this.block.locator('input[type=file]').setInputFiles(file);
  }

  /** What the page shows of the answer. */
  async execute(): Promise<{ status: string; answer: Locator }> {
    await this.block.getByRole('button', { name: 'Execute' }).click();
    // While it waits for the answer the page still shows the one before.
    await this.block.locator('.loading-container').waitFor({ state: 'detached' });
    const answer = this.block.locator('.live-responses-table .response').first();
    return { status: (await answer.locator('.response-col_status').innerText()).trim(), answer };
  }

  async json(): Promise<{ status: string; body: unknown }> {
    const { status, answer } = await this.execute();
    const shown = await answer.locator('.highlight-code code').first().innerText();
    return { status, body: JSON.parse(shown) as unknown };
  }
}

describeWithChromium('/docs in Chromium', (executablePath) => {
  const server = useServer(() => ({}));
  const keyed = useServer(() => ({ env: users.env }));
  const browser = useBrowser(executablePath);

  it('runs the example, shows its end, and hands out its answer', async () => {
    const page = await browser().newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${server().url}/docs`);

    const run = await Operation.open(page, 'post', '/run');
    const started = await run.json();
    expect(started).toEqual({ status: '201', body: { job_id: expect.stringMatching(UUID) } });

    const info = await Operation.open(page, 'get', '/job_info/{job_id}');
    await info.fill('job_id', (started.body as { job_id: string }).job_id);
    await info.fill('wait', '60');
    const shown = await info.json();
    expect(shown).toMatchObject({ status: '200', body: { state: 'succeeded' } });
    const ended = shown.body as JobInfo;

    const download = await Operation.open(page, 'get', '/files/{id}/data');
    await download.fill('id', String(ended.answer_id));
    const { status, answer } = await download.execute();
    // Not 206 or 304: a header that the page fills in by itself would cut answers short.
    expect(status).toBe('200');
    const saved = page.waitForEvent('download');
    await answer.getByText('Download file').click();
    expect(await readFile(await (await saved).path(), 'utf8')).toBe('1\n');
    expect(faults).toEqual([]);
  });

  it('stores a file as it offers to, and deletes a job by the parameter that it shows', async () => {
    const page = await browser().newPage();
    await page.goto(`${server().url}/docs`);
    const upload = await Operation.open(page, 'post', '/files');
    await upload.choose({ name: 'x', mimeType: 'text/plain', buffer: Buffer.from('stored') });
    const { status, body } = await upload.json();
    expect({ status, body }).toMatchObject({ status: '201', body: { size: 6 } });
    expect((await server().client.download((body as { id: string }).id)).toString()).toBe('stored');

    const job_id = await server().client.run('true');
    const remove = await Operation.open(page, 'delete', '/delete');
    await remove.fill('job_id', job_id);
    expect(await remove.json()).toEqual({ status: '200', body: { job_id } });
  });

  it('takes a key, with which a job is run, watched, cancelled and deleted', async () => {
    const page = await browser().newPage();
    await page.goto(`${keyed().url}/docs`);
    const run = await Operation.open(page, 'post', '/run');
    expect((await run.execute()).status).toBe('401');
    await authorize(page, 'a key of nobody');
    expect((await run.execute()).status).toBe('401');
    await authorize(page, String(users.as('anna').authorization).replace('Bearer ', ''));
    await run.fillBody({ command: 'printf answer' });
    await run.fill('Prefer', 'wait=60');
    expect(await run.json()).toMatchObject({ status: '201', body: { state: 'succeeded', owner: 'anna' } });
    await run.fill('Prefer', '');
    await run.fillBody({ command: 'sleep 60' });
    const { status, body } = await run.json();
    expect(status).toBe('201');
    const { job_id } = body as { job_id: string };

    const info = await Operation.open(page, 'get', '/job_info/{job_id}');
    await info.fill('job_id', job_id);
    await eventually(async () => {
      expect(await info.json()).toMatchObject({ status: '200', body: { state: 'running', owner: 'anna' } });
    });
    const cancel = await Operation.open(page, 'post', '/cancel');
    await cancel.fillBody({ job_id });
    expect(await cancel.json()).toEqual({ status: '200', body: { job_id } });
    expect(await info.json()).toMatchObject({ status: '200', body: { state: 'cancelled' } });
    const remove = await Operation.open(page, 'delete', '/delete');
    await remove.fillBody({ job_id });
    expect(await remove.json()).toEqual({ status: '200', body: { job_id } });
    expect((await info.execute()).status).toBe('410');
  });
});

import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { UUID } from '../support/answers.js';
import { type JobInfo } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { useServer } from '../support/server.js';
import { describeWithChromium } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
];

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
  let browser: BrowserContext | undefined;

  beforeAll(async () => {
    const profile = await temporaryDirectory();
    browser = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: ARGUMENTS,
      headless: true,
    });
  }, 60_000);
  afterAll(() => browser?.close());

  it('runs the example, shows its end, and hands out its answer', async () => {
    const page = (await browser?.newPage()) as Page;
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${server().url}/docs`);

    const run = await Operation.open(page, 'post', '/run');
    const started = await run.json();
    expect(started).toEqual({ status: '201', body: { job_id: expect.stringMatching(UUID) } });

    const info = await Operation.open(page, 'get', '/job_info/{job_id}');
    await info.fill('job_id', (started.body as { job_id: string }).job_id);
    const ended = await eventually(async () => {
      const shown = await info.json();
      expect(shown).toMatchObject({ status: '200', body: { state: 'succeeded' } });
      return shown.body as JobInfo;
    });

    const download = await Operation.open(page, 'get', '/files/{id}/data');
    await download.fill('id', String(ended.answer_id));
    const { status, answer } = await download.execute();
    // Not 206: a range that the page fills in by itself would cut longer answers short.
    expect(status).toBe('200');
    const saved = page.waitForEvent('download');
    await answer.getByText('Download file').click();
    expect(await readFile(await (await saved).path(), 'utf8')).toBe('1\n');
    expect(faults).toEqual([]);
  }, 90_000);
});

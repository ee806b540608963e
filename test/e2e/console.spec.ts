import { expect, it } from '@jest/globals';
import { type AxeResults } from 'axe-core';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Page } from 'playwright-core';
import { useBrowser } from '../support/browser.js';
import { eventually } from '../support/eventually.js';
import { uniqueSleep } from '../support/marked-jobs.js';
import { useServer } from '../support/server.js';
import { describeWithChromium } from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { keyHolders } from '../support/users.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const users = keyHolders({ anna: 'user' });
/** What a page must not do that shows what strangers wrote. */
const ATTACK = '<img src=x onerror="document.title = 1"><script>document.title = 2</script>';

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = await page.evaluate<AxeResults>('axe.run()');
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describeWithChromium('The console in Chromium', (executablePath) => {
  const browser = useBrowser(executablePath);
  const server = useServer(() => ({ env: { AGENT_CONCURRENCY: '3', KILL_GRACE_SECONDS: '0' } }));
  const keyed = useServer(() => ({ env: users.env }));

  /** Fails the test that leaves a fault of its scripts, or of its policy. */
  async function opened(hash = '', url = server().url): Promise<{ page: Page; faults: string[] }> {
    const page = await browser().newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text());
    });
    await page.goto(`${url}/console/${hash}`);
    return { page, faults };
  }

  async function shown(page: Page, selector: string, text: string): Promise<void> {
    await page.locator(selector, { hasText: text }).first().waitFor({ timeout: 15_000 });
  }

  it('runs a job, shows its output as it is written, and its end with its answer', async () => {
    const gate = join(await temporaryDirectory(), 'gate');
    const { page, faults } = await opened();
    await page.getByRole('link', { name: 'Run a job' }).click();
    const command = `echo first; echo oops >&2; until [ -e ${gate} ]; do sleep 0.05; done; echo last`;
    await page.getByLabel('Command, run by /bin/sh').fill(command);
    await page.getByLabel('Name', { exact: true }).fill('live');
    await page.getByLabel('Labels, key=value').fill('kind=demo\nwho=me, you');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await shown(page, '#output', 'first');
    await shown(page, '#output .error', 'oops');
    await shown(page, '#state', 'running');
    expect(await page.locator('#output').innerText()).not.toContain('last');
    await writeFile(gate, '');
    await shown(page, '#output', 'last');
    await shown(page, '#state', 'succeeded');
    await shown(page, 'ol li', 'Its command was started.');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the answer' }).click();
    expect(await readFile(await (await saved).path(), 'utf8')).toBe('first\nlast\n');
    // What it was is taken over, and can be run again.
    await page.getByRole('button', { name: 'Run again…' }).click();
    await page.getByRole('heading', { name: 'Run a job' }).waitFor();
    expect(await page.getByLabel('Command, run by /bin/sh').inputValue()).toBe(command);
    expect(await page.getByLabel('Labels, key=value').inputValue()).toBe('kind=demo\nwho=me, you');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await shown(page, '#state', 'succeeded');
    expect((await server().client.list('label=kind=demo')).job_ids).toHaveLength(2);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('lists jobs as they come, by what is asked for, and cancels and deletes one', async () => {
    const { page, faults } = await opened();
    const jobId = await server().client.run({ command: `sleep ${uniqueSleep()}`, name: 'to be cancelled' });
    await page.getByRole('link', { name: 'to be cancelled' }).click();
    await shown(page, '#state', 'running');
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await page.getByRole('button', { name: 'Back' }).click();
    expect((await server().client.info(jobId)).state).toBe('running');
    await page.getByRole('button', { name: 'Cancel…' }).click();
    await page.getByRole('button', { name: 'Cancel the job' }).click();
    await shown(page, '#state', 'cancelled');
    expect((await server().client.info(jobId)).state).toBe('cancelled');
    await page.goto(`${server().url}/console/#/`);
    await page.getByLabel('cancelled', { exact: true }).check();
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('link', { name: 'to be cancelled' }).waitFor();
    expect(await page.locator('tbody .state').allInnerTexts()).toEqual(['cancelled']);
    await page.getByRole('link', { name: 'to be cancelled' }).click();
    await page.getByRole('button', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete the job' }).click();
    await page.getByRole('heading', { name: 'Jobs' }).waitFor();
    expect((await server().client.call('GET', `/job_info/${jobId}`)).status).toBe(410);
    await page.goto(`${server().url}/console/#/job/${jobId}`);
    await shown(page, '[role=alert]', 'was deleted');
    await page.getByRole('link', { name: 'Agents' }).click();
    await shown(page, 'tbody', 'agent-');
    expect(faults.filter((fault) => !fault.includes('410'))).toEqual([]);
    await page.close();
  });

  it('stops asking for a page that is left before it has come', async () => {
    const { page } = await opened();
    const asked: string[] = [];
    await page.route('**/list_jobs?*', async (route) => {
      asked.push(route.request().url());
      await held;
      await route.continue();
    });
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    for (let times = 0; times < 5; times += 1) {
      await page.goto(`${server().url}/console/#/?state=failed&user=u${times}`);
      await eventually(() => {
        expect(asked.filter((url) => url.includes(`u${times}`))).toHaveLength(1);
      });
      await page.goto(`${server().url}/console/#/agents`);
      await shown(page, 'tbody', 'agent-');
    }
    release();
    // Two looks at the agents later, each page that was left would have looked again.
    for (let looks = 0; looks < 3; looks += 1) await page.waitForResponse('**/agents');
    expect(asked.filter((url) => url.includes('user=u'))).toHaveLength(5);
    await page.close();
  });

  it('goes on where a request failed, and tells why as long as it does', async () => {
    const gate = join(await temporaryDirectory(), 'gate');
    const jobId = await server().client.run({
      command: `until [ -e ${gate} ]; do sleep 0.05; done`,
      name: 'watched',
    });
    const { page } = await opened(`#/job/${jobId}`);
    await shown(page, '#state', 'running');
    const answers = { status: 503, json: { error: 'Away for a moment.' } };
    await page.route('**/job_info/**', (route) => route.fulfill(answers));
    await writeFile(gate, '');
    await shown(page, '[role=alert]', 'Away for a moment.');
    await page.goto(`${server().url}/console/#/`);
    await shown(page, '[role=alert]', 'Away for a moment.');
    expect(await page.locator('tbody').innerText()).not.toContain('There is no such job.');
    await page.unroute('**/job_info/**');
    await page.getByRole('link', { name: 'watched' }).waitFor();
    await page.getByRole('link', { name: 'watched' }).click();
    await shown(page, '#state', 'succeeded');
    await page.close();
  });

  it('shows what strangers wrote as text', async () => {
    const jobId = await server().client.run({
      command: `printf '%s' '${ATTACK.replaceAll("'", '')}' ; exit 1 # ${ATTACK}`,
      name: ATTACK,
      labels: { attack: ATTACK.slice(0, 60) },
    });
    await server().client.waitForState(jobId, ['failed']);
    const { page, faults } = await opened();
    await page.locator('tbody a', { hasText: '<img src=x' }).click();
    await shown(page, '#output', ATTACK);
    await shown(page, 'h1', ATTACK);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('Job manager');
    expect(faults).toEqual([]);
    await page.close();
  });

  it('asks for a key where one is wanted, and forgets it when told to', async () => {
    const { page } = await opened('', keyed().url);
    const field = page.locator('#key');
    await field.fill('a key of nobody');
    await page.getByRole('button', { name: 'Use it' }).click();
    await field.waitFor();
    await field.fill(String(users.as('anna').authorization).replace('Bearer ', ''));
    await page.keyboard.press('Enter');
    await shown(page, 'tbody', 'There is no such job.');
    await page.goto(`${keyed().url}/console/#/new`);
    await page.getByLabel('Command, run by /bin/sh').fill('echo mine');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await shown(page, '#output', 'mine');
    await page.getByRole('button', { name: 'Key…' }).click();
    await page.getByRole('button', { name: 'Forget it' }).click();
    await field.waitFor();
    expect(await page.evaluate('sessionStorage.length + localStorage.length')).toBe(0);
    await page.close();
  });

  it('can be used by the keyboard alone', async () => {
    const { page } = await opened('#/new');
    await page.getByLabel('Command, run by /bin/sh').waitFor();
    await page.keyboard.type(`echo typed; sleep ${uniqueSleep()}`);
    while ((await page.evaluate('document.activeElement.textContent')) !== 'Run')
      await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await shown(page, '#output', 'typed');
    await page.getByRole('button', { name: 'Cancel…' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('#ask-dialog[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#ask-dialog[open]').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Cancel…' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await shown(page, '#state', 'cancelled');
    await page.close();
  });

  it.each(['light', 'dark'] as const)('is fit for all, in %s', async (colorScheme) => {
    const jobId = await server().client.run({ command: 'echo out; echo error >&2; exit 1', name: 'a job' });
    await server().client.waitForState(jobId, ['failed']);
    for (const hash of ['', '#/new', '#/agents', `#/job/${jobId}`]) {
      const { page } = await opened(hash);
      await page.emulateMedia({ colorScheme });
      await page.locator('h1').waitFor();
      if (hash.includes(jobId)) await shown(page, '#output', 'error');
      await eventually(async () => {
        expect([hash, await violations(page)]).toEqual([hash, []]);
      });
      await page.close();
    }
  });

  // CONSOLE_PICTURE=docs/console.png npx jest test/e2e/console: the picture in the README.
  const { CONSOLE_PICTURE } = process.env;
  const itIsWanted = CONSOLE_PICTURE === undefined ? undefined : it;
  itIsWanted?.('can be seen in a picture', async () => {
    const { client } = server();
    await client.waitForState(await client.run({ command: 'exit 3', name: 'nightly import' }), ['failed']);
    const command =
      'for i in 1 2 3 4 5; do echo "step $i of 5: $((i * 1200)) rows"; sleep 0.3; done; echo careful >&2; sleep 30';
    const jobId = await client.run({
      command,
      name: 'monthly report',
      labels: { project: 'sales', month: '2026-11' },
    });
    const { page } = await opened(`#/job/${jobId}`);
    await page.setViewportSize({ width: 1_000, height: 760 });
    await shown(page, '#output', 'careful');
    await page.screenshot({ path: String(CONSOLE_PICTURE) });
    await page.close();
  });
});

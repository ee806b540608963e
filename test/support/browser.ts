import { afterAll, beforeAll } from '@jest/globals';
import { type BrowserContext, chromium } from 'playwright-core';
import { temporaryDirectory } from './temporary-directory.js';

const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
];

/** One browser for all tests of the surrounding `describe`. */
export function useBrowser(executablePath: string): () => BrowserContext {
  let browser: BrowserContext | undefined;
  beforeAll(async () => {
    const profile = await temporaryDirectory();
    browser = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: ARGUMENTS,
      headless: true,
    });
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error('the browser runs during tests only');
    return browser;
  };
}

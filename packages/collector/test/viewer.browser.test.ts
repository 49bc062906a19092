import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { type Collector, startCollector } from '../src/index.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const isThere = existsSync(CHROMIUM);
if (!isThere) console.warn(`Skipped: the viewer in a browser, since ${CHROMIUM} is missing; "apt-get install chromium" provides it.`);
const browserTest = isThere ? test : test.skip;

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-viewer-'));
let collector: Collector;
let browser: Browser | undefined;

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir, basePath: '/auditlog' });
  if (!isThere) return;
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await collector.close();
  rmSync(dataDir, { recursive: true });
});

async function publish(event: object): Promise<void> {
  const { apiBase, token } = collector;
  await fetch(`${apiBase}/publisher/v1/project/dev/event`, {
    method: 'POST',
    headers: { authorization: `token=${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ action: 'user.login', crud: 'c', ...event }),
  });
}

browserTest('a person sees the events, nothing runs, nothing is blocked', async () => {
  const page = await browser!.newPage({ viewport: { width: 1200, height: 600 } });
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (problem) => complaints.push(problem.message));
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => complaints.push('dialog')));

  await page.goto(collector.viewer);
  expect(await page.locator('.empty').textContent()).toMatch(/No events yet/);

  await publish({
    actor: { id: 'u1', name: 'Ann Arbor' },
    group: { id: 'acme', name: 'Acme Inc.' },
    source_ip: '203.0.113.7',
    fields: { outcome: 'success' },
  });
  await publish({
    actor: { id: 'x', name: '<script>alert(1)</script>\u202e' },
    is_failure: true,
    fields: { outcome: 'failure', reason: '"><img src=x onerror=alert(1)>' },
  });
  await publish({
    is_anonymous: true,
    is_failure: true,
    fields: { outcome: 'failure', reason: 'user_not_found', identity: 'm***y@example.com' },
  });
  await page.getByRole('link', { name: 'Refresh' }).click();

  expect(await page.locator('tbody tr').count()).toBe(3);
  const [newest, hostile, oldest] = await page.locator('tbody tr').allInnerTexts();
  expect(newest).toMatch(/failure.*user_not_found.*m\*\*\*y@example\.com \(typed\).*✓ verified/s);
  expect(hostile).toContain('<script>alert(1)</script>');
  expect(hostile).toContain('"><img src=x onerror=alert(1)>');
  expect(oldest).toMatch(/success.*Ann Arbor.*Acme Inc\..*203\.0\.113\.7.*✓ verified/s);
  expect(await page.evaluate('document.images.length + document.scripts.length')).toBe(0);
  const colour = await page.locator('.outcome-success').evaluate((element) => getComputedStyle(element).color);
  expect(colour).toBe('rgb(17, 99, 41)');
  expect(complaints).toEqual([]);
  if (process.env['SCREENSHOT']) await page.screenshot({ path: process.env['SCREENSHOT'], fullPage: true });
});

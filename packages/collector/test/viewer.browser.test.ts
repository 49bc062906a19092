import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '@auditlogin/core/engine';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type Collector, startCollector } from '../src/index.js';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const isThere = existsSync(CHROMIUM);
if (!isThere) console.warn(`Skipped: the viewer in a browser, since ${CHROMIUM} is missing; "apt-get install chromium" provides it.`);
const browserTest = isThere ? test : test.skip;
const AXE = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
const HOSTILE = '"><img src=x onerror=alert(1)><script>alert(1)</script>\u202e{{7*7}}';

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-viewer-'));
let collector: Collector;
let browser: Browser | undefined;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir, basePath: '/auditlog' });
  if (!isThere) return;
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', ...quiet] });
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await collector.close();
  rmSync(dataDir, { recursive: true });
});
afterEach(async () => {
  if (!isThere) return;
  await page.context().close();
  expect(complaints.splice(0)).toEqual([]);
});

async function open(options: BrowserContextOptions = {}, address = collector.viewerLink): Promise<void> {
  const context = await browser!.newContext({
    viewport: { width: 1400, height: 900 },
    acceptDownloads: true,
    timezoneId: 'Europe/Berlin',
    ...options,
  });
  page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (problem) => complaints.push(problem.message));
  page.on('dialog', (dialog) => void dialog.dismiss().then(() => complaints.push('dialog')));
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(collector.viewer).origin) && !request.url().startsWith('data:')) complaints.push(request.url());
  });
  await page.goto(address);
}

async function publish(...events: object[]): Promise<void> {
  const { apiBase, token } = collector;
  const answer = await fetch(`${apiBase}/publisher/v1/project/dev/event/bulk`, {
    method: 'POST',
    headers: { authorization: `token=${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ events: events.map((event) => ({ action: 'user.login', crud: 'c', ...event })) }),
  });
  expect(answer.status).toBe(201);
}

const rows = (): ReturnType<Page['locator']> => page.locator('tbody tr');
const picture = async (name: string): Promise<void> => {
  const folder = process.env['SCREENSHOTS'];
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`) });
};

/** Expects that axe finds no serious or critical problem, including the contrast of WCAG AA. */
async function expectAccessible(): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate<{ id: string; impact: string; nodes: string[] }[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) =>
      violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map(({ html }) => html.slice(0, 200)) })))`,
  );
  expect(found.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
}

browserTest('asks for a token and reports a wrong one', async () => {
  await open({}, collector.viewer);
  await page.getByLabel('Token').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  expect(await page.getByRole('alert').innerText()).toMatch(/The token is not valid/);
  expect(complaints.splice(0).filter((text) => !text.includes('401'))).toEqual([]);
  await expectAccessible();
  await picture('sign-in');
  await page.getByLabel('Token').fill(collector.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('No events in this time range').waitFor();
  await expectAccessible();
  await picture('empty');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
});

browserTest('signs in by the link, removes the token from the address, and shows new events as verified', async () => {
  await open();
  await page.getByText('● live').waitFor();
  expect(page.url()).toBe(collector.viewer);
  await publish({
    actor: { id: 'u1', name: 'Ann Arbor' },
    group: { id: 'acme', name: 'Acme Inc.' },
    source_ip: '203.0.113.7',
    fields: { outcome: 'success', evidence: 'session', seal: 'ab'.repeat(32), seal_key: 'k1', seal_instance: 'inst-1', seal_seq: '1' },
  });
  await rows().first().waitFor();
  expect(await rows().first().innerText()).toMatch(/success.*Ann Arbor.*Acme Inc\..*203\.0\.113\.7.*✓ verified/s);

  await page.getByRole('button', { name: 'Pause' }).click();
  await publish({
    is_anonymous: true,
    is_failure: true,
    fields: { outcome: 'failure', reason: 'user_not_found', identity: 'm***y@example.com' },
  });
  await page.getByText('❚❚ paused, 1 new').waitFor();
  expect(await rows().count()).toBe(1);
  await page.getByRole('button', { name: 'Follow' }).click();
  await rows().nth(1).waitFor();
  expect(await rows().first().innerText()).toMatch(/failure.*user_not_found.*m\*\*\*y@example\.com \(typed\)/s);
  expect(await page.getByRole('img', { name: '1 success, 1 failure' }).count()).toBe(1);
});

browserTest('shows hostile input as text in every cell of the table and in every field of the event', async () => {
  await publish({
    action: HOSTILE,
    actor: { id: HOSTILE, name: HOSTILE, href: 'javascript:alert(1)', fields: { [HOSTILE]: HOSTILE } },
    group: { id: HOSTILE, name: HOSTILE },
    target: { id: HOSTILE, href: 'data:text/html,<script>alert(1)</script>', type: HOSTILE },
    description: HOSTILE,
    component: HOSTILE,
    version: HOSTILE,
    external_id: HOSTILE,
    is_failure: true,
    fields: {
      outcome: HOSTILE,
      reason: HOSTILE,
      identity: HOSTILE,
      source_ip_seen: HOSTILE,
      [HOSTILE]: HOSTILE,
      seal: HOSTILE,
      seal_key: HOSTILE,
      seal_instance: HOSTILE,
      seal_seq: '3',
    },
    metadata: { [HOSTILE]: HOSTILE },
  });
  await publish({ action: 'user.login', is_failure: true, actor: { id: HOSTILE }, fields: { outcome: 'failure' } });
  await open();
  const shown = HOSTILE.replace('\u202e', '\\u202e');
  const row = rows().filter({ hasText: 'onerror' }).last();
  expect((await row.innerText()).split(shown).length).toBeGreaterThanOrEqual(6);
  await row.click();
  const detail = page.getByRole('region', { name: /onerror/ });
  await detail.getByText('Verified in this browser').waitFor();
  await detail.getByText('Canonical text').click();
  expect((await detail.innerText()).split(shown).length).toBeGreaterThan(15);
  expect(await page.locator('a[href^="javascript"], a[href^="data"], img, tbody script').count()).toBe(0);
  expect(await page.evaluate('document.scripts.length')).toBe(1);
  expect(await page.locator('.bars').allInnerTexts()).toEqual([expect.anything(), expect.stringContaining(shown)]);
  await picture('hostile');
});

browserTest('detects an event that was altered in the database', async () => {
  await publish({ actor: { id: 'victim' }, external_id: 'altered' });
  const db = openSqlite(join(dataDir, 'events.sqlite'));
  db.exec("UPDATE events SET body = replace(body, 'victim', 'nobody') WHERE external_id = 'altered'");
  db.close();
  await open();
  const row = rows().filter({ hasText: '✗ altered' });
  await row.click();
  await page.getByText('✗ Altered: this event does not have the hash').waitFor();
  await page.getByText('Hash of this event').waitFor();
});

browserTest('highlights a guessing attack and keeps search and filters in the address', async () => {
  const guess = (index: number): object => ({
    is_anonymous: true,
    is_failure: true,
    source_ip: '198.51.100.66',
    fields: { outcome: 'failure', reason: 'wrong_password', identity: `user${index}` },
  });
  await publish(...Array.from({ length: 12 }, (_, index) => guess(index)));
  await open();
  const alarm = page.locator('.alarm');
  await alarm.waitFor();
  expect(await alarm.innerText()).toMatch(/198\.51\.100\.66\s+guessing\? 12.*12 accounts/s);
  await alarm.getByRole('button').click();
  await page.getByText('12 events').waitFor();
  expect(await rows().count()).toBe(12);
  expect(page.url()).toBe(`${collector.viewer}?outcome=failure&address=198.51.100.66`);
  await page.reload();
  await page.getByText('12 events').waitFor();
  await page.getByRole('searchbox', { name: 'Search' }).fill('user7');
  await page.keyboard.press('Enter');
  await page.getByText('1 event,').waitFor();
  await page.goBack();
  await page.getByText('12 events').waitFor();
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('searchbox').fill('received:x,y');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  expect(await page.getByRole('alert').innerText()).toContain('Cannot parse received datetime x');
  await page.getByRole('searchbox').fill('nothing matches this');
  await page.keyboard.press('Enter');
  await page.getByText('No event matches.').waitFor();
  expect(complaints.splice(0).filter((text) => !text.includes('400'))).toEqual([]);
});

browserTest('works with the keyboard alone and shows times in the named time zone', async () => {
  await open();
  await rows().first().waitFor();
  await page.keyboard.press('/');
  expect(await page.evaluate('document.activeElement.id')).toBe('search');
  await page.keyboard.press('Escape');
  await page.evaluate('document.activeElement.blur()');
  await page.keyboard.press('j');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('k');
  const first = await page.evaluate('document.activeElement.dataset.row');
  await page.keyboard.press('Enter');
  await page.locator('.detail').waitFor();
  expect(await page.evaluate('document.activeElement.id')).toBe('detail');
  await page.keyboard.press('Escape');
  expect(await page.locator('.detail').count()).toBe(0);
  expect(await page.evaluate('document.activeElement.dataset.row')).toBe(first);
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keyboard shortcuts and search' }).waitFor();
  await picture('help');
  await page.keyboard.press('Escape');

  const zone = page.getByLabel('Time zone');
  expect(await zone.locator('option').first().innerText()).toMatch(/^Europe\/Berlin \(GMT\+[12]\)$/);
  const iso = (await rows().first().locator('time').getAttribute('datetime'))!;
  const shown = async (): Promise<string> => rows().first().locator('time').innerText();
  const local = await shown();
  await zone.selectOption('utc');
  expect(await shown()).toBe(iso.replace('T', ' ').replace('Z', ''));
  expect(local).not.toBe(await shown());
  expect(Date.parse(local.replace(' ', 'T') + 'Z') - Date.parse(iso)).toBeGreaterThanOrEqual(3_600_000);
});

browserTest('exports the filtered events as CSV and as JSON', async () => {
  await open({}, `${collector.viewer}?address=198.51.100.66#token=${collector.token}`);
  await page.getByText('12 events').waitFor();
  for (const [format, holds] of [
    ['CSV', /"?198\.51\.100\.66"?/g],
    ['JSON', /198\.51\.100\.66/g],
  ] as const) {
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: format }).click();
    const file = await download;
    expect(file.suggestedFilename()).toBe(`audit-log-dev.${format.toLowerCase()}`);
    expect(readFileSync(await file.path(), 'utf8').match(holds)).toHaveLength(12);
  }
});

browserTest.each([
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['narrow', { viewport: { width: 390, height: 844 } }],
] as const)('has no serious accessibility problem: %s', async (name, options) => {
  await open(options);
  await page.locator('.alarm').first().waitFor();
  await page.locator('canvas').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  await expectAccessible();
  await picture(name);
  await rows().nth(2).locator('button').click();
  await page.getByText('Verified in this browser').waitFor();
  await expectAccessible();
  await picture(`${name}-detail`);
});

browserTest('reports that the collector cannot be reached, and recovers', async () => {
  await open();
  await rows().first().waitFor();
  await page.route('**/viewer/**', (route) => route.abort());
  await page.keyboard.press('r');
  expect(await page.getByRole('alert').innerText()).toContain('The collector cannot be reached.');
  await page.unroute('**/viewer/**');
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('● live').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
  complaints.splice(0);
});

browserTest('calls the API from the console', async () => {
  await open({}, `${collector.viewer}console/`);
  await page.getByRole('button', { name: 'Authorize' }).click();
  await page.getByRole('textbox').first().fill(`Token token=${collector.token}`);
  await page.locator('.modal-btn.authorize').first().click();
  await page.locator('.close-modal').click();
  await page.locator('#operations-publish-createEvent .opblock-summary-control').click();
  await page.getByRole('button', { name: 'Try it out' }).click();
  await page.getByRole('textbox', { name: 'project' }).fill('dev');
  await page.getByRole('button', { name: 'Execute' }).click();
  await page.locator('.live-responses-table .response-col_status', { hasText: '201' }).waitFor();
  await picture('console');
});

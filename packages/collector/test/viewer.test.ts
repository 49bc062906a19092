import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalText, FACET_NAMES, FACETS, KNOWN_VALUES } from '@auditlogin/core/log';
import { eventHash } from '@auditlogin/core';
import { parse } from 'csv-parse/sync';
import { type Collector, startCollector } from '../src/index.js';
import { stepFor } from '../src/viewer/steps.js';
import { signedIn, type SignedIn } from './sign-in.js';

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-viewer-api-'));
let collector: Collector;
let me: SignedIn;

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir, basePath: '/auditlog' });
  me = await signedIn(collector);
});
afterAll(async () => {
  await collector.close();
  rmSync(dataDir, { recursive: true });
});

const headers = (): Record<string, string> => ({ authorization: `Token token=${collector.token}`, 'content-type': 'application/json' });

async function publish(...events: object[]): Promise<{ id: string; hash: string }[]> {
  const answer = await fetch(`${collector.apiBase}/publisher/v1/project/dev/event/bulk`, {
    method: 'POST',
    headers: headers(),
    body: JSON.stringify({ events: events.map((event) => ({ action: 'user.login', crud: 'c', is_anonymous: true, ...event })) }),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as { id: string; hash: string }[];
}

interface Page {
  events: { id: string; cursor: string; event: { external_id: string } }[];
  total: number;
  hasOlder: boolean;
}
const found = async (query: string): Promise<string[]> =>
  (await me.viewer<Page>(`events?${query}`)).events.map(({ event }) => event.external_id).sort();

describe('signing in', () => {
  test('sets a cookie for the viewer only that no script can read', () => {
    expect(me.cookie).toMatch(/^auditlogin_viewer=[\w-]{43}; Path=\/auditlog\/viewer; HttpOnly; SameSite=Strict$/);
    expect(me.session).toEqual({ project: 'dev', kind: 'publisher' });
  });

  test('answers 401 without a session', async () => {
    for (const path of ['session', 'events', 'timeline', 'failures', 'live', 'export?format=csv']) {
      expect((await fetch(`${collector.viewer}viewer/${path}`)).status).toBe(401);
    }
    await expect(signedIn(collector, 'wrong')).rejects.toThrow('401');
  });

  test('ends only the own session on signing out', async () => {
    const other = await signedIn(collector);
    expect((await other.raw('session')).status).toBe(200);
    expect((await other.raw('session', { method: 'DELETE' })).status).toBe(204);
    expect((await other.raw('session')).status).toBe(401);
    expect((await me.raw('session')).status).toBe(200);
  });

  test('refuses requests from other sites', async () => {
    for (const site of ['cross-site', 'same-site'])
      expect((await me.raw('events', { headers: { 'sec-fetch-site': site } })).status).toBe(403);
    const preflight = await fetch(`${collector.viewer}viewer/session`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('opens one session for one group by a viewer token, and records the sign-in', async () => {
    await publish({ external_id: 'g-acme', group: { id: 'acme' } }, { external_id: 'g-other', group: { id: 'other' } });
    const asked = await fetch(`${collector.apiBase}/publisher/v1/project/dev/viewertoken?group_id=acme&actor_id=auditor&is_admin=false`, {
      headers: headers(),
    });
    expect(asked.status).toBe(201);
    const { token } = (await asked.json()) as { token: string };
    const viewer = await signedIn(collector, token);
    await expect(signedIn(collector, token)).rejects.toThrow('401');
    const { events } = await viewer.viewer<{ events: { event: { group: { id: string }; action: string; actor?: { id: string } } }[] }>(
      'events',
    );
    expect(events.map(({ event }) => event.group.id)).toEqual(['acme', 'acme']);
    expect(events[0]!.event).toMatchObject({ action: 'audit.log.view', crud: 'r', actor: { id: 'auditor' } });
    const exported = await (await viewer.raw('export?format=ndjson')).text();
    expect(exported).not.toContain('g-other');
    const timeline = await viewer.viewer<{ counts: { attempts: number }[] }>('timeline');
    expect(timeline.counts.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(2);
    expect(
      (await fetch(`${collector.apiBase}/publisher/v1/project/dev/event`, { method: 'POST', headers: { authorization: `token=${token}` } }))
        .status,
    ).toBe(401);
  });

  test('ends the sessions of a token that is revoked', async () => {
    const { id, token } = collector.tokens.create('dev', 'for a while');
    const asked = await fetch(`${collector.apiBase}/publisher/v1/project/dev/viewertoken?group_id=acme`, {
      headers: { authorization: `token=${token}` },
    });
    const viewerToken = ((await asked.json()) as { token: string }).token;
    const viewer = await signedIn(collector, token);
    expect((await viewer.raw('events')).status).toBe(200);
    expect(collector.tokens.revoke(id)).toBe(true);
    expect((await viewer.raw('events')).status).toBe(401);
    await expect(signedIn(collector, viewerToken)).rejects.toThrow('401');
  });
});

describe('filters', () => {
  beforeAll(() =>
    publish(
      {
        external_id: 'f1',
        is_failure: true,
        source_ip: '203.0.113.1',
        fields: { reason: 'user_not_found', identity: 'm***y,x' },
        created: '2020-01-01T00:00:00Z',
      },
      {
        external_id: 'f2',
        is_anonymous: false,
        actor: { id: 'u1', name: 'Ann' },
        group: { id: 'g,1' },
        source_ip: '203.0.113.2',
        created: '2020-01-02T00:00:00Z',
      },
      {
        external_id: 'f3',
        fields: { outcome: 'challenge', source_ip_seen: '::1' },
        action: 'user.login.challenge',
        created: '2020-01-03T00:00:00Z',
      },
    ),
  );
  const year = 'from=2020-01-01&to=2021-01-01';

  test.each([
    ['', ['f1', 'f2', 'f3']],
    ['outcome=failure', ['f1']],
    ['outcome=failure&outcome=challenge', ['f1', 'f3']],
    ['reason=user_not_found', ['f1']],
    ['account=u1', ['f2']],
    ['account=m***y%2Cx', ['f1']],
    ['group=g%2C1', ['f2']],
    ['address=203.0.113.2', ['f2']],
    ['address=%3A%3A1', ['f3']],
    ['action=user.login.challenge', ['f3']],
    ['query=action%3Auser.login.*', ['f3']],
    ['query=actor.id%3Au1', ['f2']],
    ['query=ann', ['f2']],
    ['query=user_not_found&outcome=success', []],
  ])('%s', async (query, expected) => expect(await found(`${year}&${query}`)).toEqual(expected));

  test('treats "from" as inclusive and "to" as exclusive', async () => {
    expect(await found('from=2020-01-02T00:00:00Z&to=2020-01-03T00:00:00Z')).toEqual(['f2']);
  });

  test.each([
    ['outcom=x', /"outcom": unknown parameter/],
    ['from=yesterday', /"from": expected a time in ISO 8601/],
    ['query=received:x,y', /Cannot parse received datetime x/],
  ])('refuses %s', async (query, message) => {
    const answer = await me.raw(`events?${query}`);
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: string }).error).toMatch(message);
  });

  test('treats input as values, never as SQL or search operators', async () => {
    for (const text of [`' OR 1=1 --`, '" OR "a', 'NEAR(a b)', '*', '%', '\u0000', 'words MATCH']) {
      for (const name of [...FACET_NAMES, 'query']) {
        const answer = await me.raw(`events?${new URLSearchParams({ [name]: text })}`);
        const isRefused = name in KNOWN_VALUES || (name === 'query' && text === '\u0000');
        expect(answer.status).toBe(isRefused ? 400 : 200);
        if (!isRefused && name !== 'query') expect(((await answer.json()) as Page).events).toEqual([]);
      }
    }
  });

  test.each([
    ['outcome=falure', /Unknown outcome "falure"; expected success, failure, challenge, unknown\./],
    ['outcome=failure&outcome=sucess', /"sucess"/],
    ['reason=wrong_pasword', /expected .*wrong_password.*, or another reason that the log has/],
    ['action=user.logn', /expected .*user\.login.*, or another action that the log has/],
    ['query=actr.id:u-1', /Unknown field "actr\.id"; known are action, crud, actor\.id/],
    [
      `query=${Array.from({ length: 500 }, (_, n) => `w${n}`)
        .join('+')
        .slice(0, 1000)}`,
      /different words; at most 20/,
    ],
  ])('refuses the unknown value in %s, and names the known ones', async (query, message) => {
    const answers = [
      ...['events', 'timeline', 'live'].map((path) => me.raw(`${path}?${query}`)),
      me.raw(`export?format=csv&${query}`),
      fetch(`${collector.apiBase}/publisher/v1/project/dev/export?${query}`, { headers: headers() }),
    ];
    for (const answer of await Promise.all(answers)) {
      expect(answer.status).toBe(400);
      expect(((await answer.json()) as { error: string }).error).toMatch(message);
    }
  });

  test('takes reasons and actions that the log has', async () => {
    await publish({ external_id: 'own', action: 'coffee.brew', is_failure: true, fields: { reason: 'no_beans' } });
    expect(await found('action=coffee.brew')).toEqual(['own']);
    expect(await found('reason=no_beans&reason=wrong_password')).toEqual(['own']);
  });

  test('takes quoted text as text', async () => expect(await found('query="actr.id:u-1"')).toEqual([]));
});

test('returns an event with its hash, its canonical text and its seal', async () => {
  const [receipt] = await publish({
    external_id: 'proof',
    fields: { a: '1', seal: 'ab', seal_key: 'k', seal_instance: 'i', seal_seq: '7', seal_prev: 'p' },
  });
  const { events } = await me.viewer<{ events: { event: never; canonical: string }[] }>('events?query=external_id:proof');
  expect(events[0]).toMatchObject({ ...receipt, seal: { instance: 'i', seq: 7, keyId: 'k', seal: 'ab', prev: 'p' } });
  expect(events[0]!.canonical).toBe(canonicalText(receipt!.id, events[0]!.event));
  expect(eventHash(receipt!.id, events[0]!.event)).toBe(receipt!.hash);
});

test('returns pages without gaps when times are equal', async () => {
  for (let index = 0; index < 5; index += 1) {
    await publish(
      ...Array.from({ length: 50 }, (_, each) => ({
        external_id: `p${index}-${each}`,
        action: 'page.test',
        created: '2019-05-05T05:05:05Z',
      })),
    );
  }
  const seen: string[] = [];
  let before = '';
  for (let page = 0; page < 3; page += 1) {
    const { events, total, hasOlder } = await me.viewer<Page>(`events?query=action:page.test${before}`);
    expect([total, hasOlder]).toEqual([250, page < 2]);
    seen.push(...events.map(({ event }) => event.external_id));
    before = `&before=${events.at(-1)!.cursor}`;
  }
  expect(new Set(seen).size).toBe(250);
});

test('finds a frequent word page by page, in the order of the log, without gaps', async () => {
  const sent: { external_id: string; created: string; description: string }[] = [];
  for (let call = 0; call < 66; call += 1) {
    const events = Array.from({ length: 50 }, (_, each) => {
      const index = call * 50 + each;
      // The times are not in order, every third event lacks the word, and a few have another word.
      const created = new Date(Date.UTC(2016, 0, 1) + ((index * 7919) % 3_000) * 1_000).toISOString();
      return {
        external_id: `w${index}`,
        created,
        description: `${index % 3 === 0 ? 'other' : 'commonplace'} ${index % 500 === 1 ? 'seldom' : ''}`,
      };
    });
    await publish(...events);
    sent.push(...events);
  }
  const expected = sent.filter(({ description }) => description.includes('commonplace'));
  expect(expected.length).toBeGreaterThan(2_000);
  const seen: { external_id: string; created: string }[] = [];
  let before = '';
  for (let more = true; more;) {
    const { events, hasOlder } = await me.viewer<Page>(`events?query=commonplace${before}`);
    seen.push(...events.map(({ event }) => event as (typeof seen)[0]));
    before = `&before=${events.at(-1)!.cursor}`;
    more = hasOlder;
  }
  expect(seen.map(({ external_id }) => external_id).sort()).toEqual(expected.map(({ external_id }) => external_id).sort());
  expect(seen.map(({ created }) => created)).toEqual(
    seen
      .map(({ created }) => created)
      .sort()
      .reverse(),
  );
  const both = sent.filter(({ description }) => /commonplace seldom/.test(description)).map(({ external_id }) => external_id);
  expect(await found('query=commonplace+seldom')).toEqual(both.sort());
  expect(await found('query=commonplace&from=2016-01-01T00:00:00Z&to=2016-01-01T00:00:05Z')).toHaveLength(
    expected.filter(({ created }) => created < '2016-01-01T00:00:05').length,
  );
}, 60_000);

test('counts attempts by outcome in the timeline, including all attempts of a coalesced event', async () => {
  const at = (minute: number): { created: string } => ({ created: new Date(Date.UTC(2018, 0, 1, 0, minute)).toISOString() });
  await publish(
    { ...at(0), is_failure: true },
    { ...at(1), is_failure: true, fields: { coalesced_count: '41', outcome: 'failure' } },
    { ...at(1), fields: { outcome: 'success' } },
    { ...at(50), fields: { outcome: 'challenge' } },
  );
  const timeline = await me.viewer<{ from: number; step: number; counts: object[] }>(
    'timeline?from=2018-01-01T00:00:00Z&to=2018-01-01T01:00:00Z',
  );
  const start = Date.UTC(2018, 0, 1);
  expect(timeline).toEqual({
    from: start,
    to: start + 3_600_000,
    step: 60_000,
    counts: [
      { start, outcome: 'failure', attempts: 1 },
      { start: start + 60_000, outcome: 'failure', attempts: 41 },
      { start: start + 60_000, outcome: 'success', attempts: 1 },
      { start: start + 50 * 60_000, outcome: 'challenge', attempts: 1 },
    ],
  });
});

describe('an event that corrects an earlier one', () => {
  const day = (n: number): { created: string } => ({ created: new Date(Date.UTC(2017, 0, n)).toISOString() });
  const first = (n: number, more: object = {}): object => ({
    ...day(n),
    external_id: `first${n}`,
    is_failure: true,
    fields: { outcome: 'unknown', ...more },
  });
  const correction = (n: number, id: string, corrects: string): object => ({
    ...day(n),
    external_id: id,
    fields: { outcome: 'success', corrects },
  });

  test.each<[string, object[][], object]>([
    ['replaces it in the counts', [[first(1)], [correction(1, 'second1', 'first1')]], { success: 1 }],
    ['replaces it in the counts even if it arrives first', [[correction(2, 'second2', 'first2')], [first(2)]], { success: 1 }],
    [
      'replaces it once even if it is stored twice',
      [[first(3)], [correction(3, 's3', 'first3'), correction(3, 's3', 'first3')]],
      { success: 2 },
    ],
    ['may be corrected itself', [[first(4), correction(4, 'second4', 'first4'), correction(4, 'third4', 'second4')]], { success: 1 }],
    [
      'replaces one of the coalesced attempts',
      [[first(5, { coalesced_count: '41' })], [correction(5, 's5', 'first5')]],
      { success: 1, unknown: 40 },
    ],
  ])('%s', async (_what, calls, expected) => {
    for (const events of calls) await publish(...events);
    const n = Number(/\d$/.exec((calls.flat()[0] as { external_id: string }).external_id)![0]);
    const { counts } = await me.viewer<{ counts: { outcome: string; attempts: number }[] }>(
      `timeline?from=${day(n).created}&to=${day(n + 1).created}`,
    );
    const totals = Object.fromEntries(counts.filter(({ attempts }) => attempts > 0).map(({ outcome, attempts }) => [outcome, attempts]));
    expect(totals).toEqual(expected);
    const { events } = await me.viewer<{ events: { correctedBy?: string }[] }>(`events?query=external_id:first${n}`);
    expect(events[0]!.correctedBy).toMatch(new RegExp(`^s(?:econd)?${n}$`));
  });

  test('is named in CSV, where the corrected event counts as no attempt', async () => {
    await publish(first(9), correction(9, 'second9', 'first9'));
    const csv = await (await me.raw(`export?format=csv&from=${day(9).created}&to=${day(10).created}`)).text();
    const [head = '', ...rows] = csv.replace('\ufeff', '').trim().split('\r\n');
    const cells = (row: string, ...names: string[]): string[] => names.map((name) => row.split(',')[head.split(',').indexOf(name)]!);
    expect(rows.map((row) => cells(row, 'external_id', 'attempts'))).toEqual([
      ['second9', '1'],
      ['first9', '0'],
    ]);
    expect(csv).toMatch(/,1,first9,,/);
    expect(csv).toMatch(/,0,,second9,/);
  });
});

test('finds, names and exports an attacked account as the account', async () => {
  await publish({
    ...{ created: '2015-01-01T00:00:00Z', external_id: 'attacked', is_failure: true },
    target: { id: 'u-alice', name: 'Alice', type: 'account' },
    fields: { outcome: 'failure', identity: 'a***e' },
  });
  expect(await found('account=u-alice')).toEqual(['attacked']);
  expect(await found('query=actor.id:u-alice')).toEqual([]);
  const csv = await (await me.raw('export?format=csv&account=u-alice')).text();
  const [head = '', row = ''] = csv.replace('\ufeff', '').split('\r\n');
  const cell = (name: string): string => row.split(',')[head.split(',').indexOf(name)]!;
  expect(['account', 'actor_id', 'target_id', 'target_name'].map(cell)).toEqual(['u-alice', '', 'u-alice', 'Alice']);
});

test.each([
  [0, 1_000],
  [80_000, 1_000],
  [80_001, 5_000],
  [86_400_000, 1_800_000],
  [365 * 86_400_000, 7 * 86_400_000],
  [100 * 365 * 86_400_000, 457 * 86_400_000],
])('shows a timeline of %d ms in steps of %d ms', (span, step) => expect(stepFor(span)).toBe(step));

test('lists the most failures of the last hour first', async () => {
  const created = new Date().toISOString();
  const fail = (source_ip: string, identity: string): object => ({
    created,
    is_failure: true,
    source_ip,
    fields: { outcome: 'failure', identity },
  });
  await publish(
    ...Array.from({ length: 30 }, (_, index) => fail('198.51.100.1', `a${index}`)),
    fail('198.51.100.2', 'one'),
    fail('198.51.100.3', 'one'),
  );
  await publish({ ...fail('198.51.100.4', 'old'), created: new Date(Date.now() - 3_700_000).toISOString() });
  const { sources, accounts } = await me.viewer<Record<'sources' | 'accounts', { name: string }[]>>('failures');
  expect(sources[0]).toMatchObject({ name: '198.51.100.1', failures: 30, others: 30 });
  expect(accounts[0]).toMatchObject({ name: 'one', failures: 2, others: 2 });
  expect(sources.map(({ name }) => name)).not.toContain('198.51.100.4');
});

test('sends new matching events to a page that follows the log', async () => {
  const controller = new AbortController();
  const answer = await me.raw('live?outcome=failure', { signal: controller.signal });
  expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
  await publish({ external_id: 'live-no' }, { external_id: 'live-yes', is_failure: true });
  let text = '';
  for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (text.includes('live-yes')) break;
  }
  controller.abort();
  expect(text).toMatch(/^event: ?arrivals$/m);
  expect(text).not.toContain('live-no');
});

test('lets each session follow the log with a bounded number of pages', async () => {
  const [one, other] = [await signedIn(collector), await signedIn(collector)];
  const [controller, another] = [new AbortController(), new AbortController()];
  const open = async (who: typeof one, { signal }: AbortController): Promise<number> => (await who.raw('live', { signal })).status;
  const statuses: number[] = [];
  for (let n = 0; n < 15; n += 1) statuses.push(await open(one, controller));
  expect(statuses).toEqual([...Array(10).fill(200), ...Array(5).fill(429)]);
  expect(await open(other, another)).toBe(200);
  controller.abort();
  let again: number;
  do again = await open(one, another);
  while (again === 429);
  expect(again).toBe(200);
  another.abort();
});

describe('exports', () => {
  const HOSTILE = [
    '=1+1',
    '+1',
    '-1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    'a\n=1',
    '＝1',
    '"a,b"',
    '\u0000=1',
    '\u202e=1',
    ' =1',
    'x;=1+1',
    'x;"=1',
    'x; ＝1',
  ];
  beforeAll(() =>
    publish(
      ...HOSTILE.map((text, index) => ({
        external_id: `x${String(index).padStart(2, '0')}`,
        action: 'export.test',
        is_anonymous: false,
        actor: { id: text, name: text },
        group: { id: `${text}g` },
        description: text,
        fields: { [text]: text },
        created: `2017-01-01T00:00:${String(index).padStart(2, '0')}Z`,
      })),
    ),
  );

  test('write one line of CSV per event and no cell that is a formula to a spreadsheet', async () => {
    const answer = await me.raw('export?format=csv&query=action:export.*');
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="?audit-log-dev\.csv"?$/);
    expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const rows = parse<Record<string, string>>(await answer.text(), { columns: true, bom: true });
    expect(rows).toHaveLength(HOSTILE.length);
    expect(Object.keys(rows[0]!)).toEqual(expect.arrayContaining(FACET_NAMES.map((name) => FACETS[name].column)));
    for (const cell of rows.flatMap((row) => Object.values(row))) {
      expect(cell).not.toMatch(/^[=+\-@\t\r\n\0＝＋－＠]/);
      // eslint-disable-next-line no-control-regex -- none may be left
      expect(cell).not.toMatch(/[\u0000-\u001f\u202a-\u202e]/);
    }
    expect(rows.at(-1)).toMatchObject({ external_id: 'x00', actor_id: `'=1+1`, time: '2017-01-01T00:00:00.000Z' });
    expect(rows.find(({ external_id }) => external_id === 'x07')).toMatchObject({ actor_id: 'a\\u000a=1' });
  });

  test.each([';', '\t'])('have no formula in CSV if %j divides the cells', async (delimiter) => {
    const text = await (await me.raw('export?format=csv&query=action:export.*')).text();
    const rows = parse(text, { delimiter, bom: true, relax_quotes: true, relax_column_count: true });
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r\n\0＝＋－＠]/);
  });

  test('write the events as they were sent, with their receipts, as JSON', async () => {
    const lines = (await (await me.raw('export?format=json&query=action:export.*')).json()) as { id: string; hash: string; event: never }[];
    expect(lines).toHaveLength(HOSTILE.length);
    for (const { id, hash, event } of lines) expect(eventHash(id, event)).toBe(hash);
    expect(await (await me.raw('export?format=json&query=nothingmatches')).json()).toEqual([]);
  });
});

import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.js';

const EVIL = '\u001b]0;title\u0007\u001b[2J\u009b31m\u202ecod.exe\u061c\u2066';
// eslint-disable-next-line no-control-regex -- what no terminal may get
const UNSEEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

let folder: string;
let server: Server;
let variables: NodeJS.ProcessEnv;

/** A log that answers everything with text that steers a terminal. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'auditlogin-terminal-'));
  const named = { id: EVIL, name: EVIL };
  const fields = ['outcome', 'reason', EVIL].map((key) => ({ key, value: EVIL }));
  const node = {
    ...named,
    action: EVIL,
    crud: 'c',
    created: EVIL,
    external_id: EVIL,
    actor: named,
    group: named,
    description: EVIL,
    fields,
  };
  server = createServer((request, response) => {
    const [status, body] = request.url!.endsWith('/graphql')
      ? [200, { data: { search: { totalCount: 1, edges: [{ cursor: EVIL, node }] } } }]
      : request.url!.endsWith('/event')
        ? [201, { id: EVIL, hash: 'a'.repeat(64) }]
        : [400, { error: `${EVIL} refused` }];
    request.resume().on('end', () => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const events = [
    { id: 'a', event: { action: 'a', crud: EVIL, is_anonymous: true } },
    { id: 'b', event: { action: 'a', crud: 'c', is_anonymous: true, [EVIL]: 'x' } },
    { id: EVIL, event: { action: 'a', crud: 'c', is_anonymous: true } },
  ];
  writeFileSync(join(folder, 'evil.ndjson'), events.map((event) => JSON.stringify(event)).join('\n'));
  variables = {
    AUDITLOG_API_BASE: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AUDITLOG_API_PROJECT: 'dev',
    AUDITLOG_API_TOKEN: 'canary',
    AUDITLOG_SEAL_KEY: 'k'.repeat(40),
    AUDITLOG_SPOOL_DIR: join(folder, EVIL),
  };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

it.each([
  [['doctor']],
  [['doctor', '--project', EVIL]],
  [['import', 'evil.ndjson', '--tries', '1']],
  [['import', 'evil.ndjson', '--tries', '1', '--json']],
  [['import', EVIL]],
  [['tail', '--no-follow']],
  [['tail', '--no-follow', '--json']],
  [['tail', '--no-follow', '--lines', EVIL]],
  [['tail', `--${EVIL}`]],
  [[EVIL]],
  [['verify', '--grace', '0']],
  [['verify', '--grace', '0', '--json']],
  [['export']],
  [['export', '--output', `${EVIL}/${EVIL}`]],
  [['spool', 'list']],
  [['spool', 'show', EVIL]],
  [['token', 'create', '--project', EVIL, '--name', EVIL]],
  [['token', 'revoke', EVIL]],
])('no control character reaches the terminal: %j', async (args) => {
  const { stdout, stderr } = await run(args, { env: variables, cwd: folder }).ended;
  expect(stdout + stderr).not.toBe('');
  expect(stdout + stderr).not.toMatch(UNSEEN);
});

it('a program reads the text of an export as it was', async () => {
  const { stdout } = await run(['export'], { env: variables, cwd: folder }).ended;
  expect(JSON.parse(stdout)).toMatchObject({ id: EVIL, event: { actor: { id: EVIL }, fields: { [EVIL]: EVIL } } });
});

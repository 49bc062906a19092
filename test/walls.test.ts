import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

type Snippet = [file: string, code: string];
type Room = { files: string; rooms?: string[]; types?: string[]; modules?: string[] };

const core = 'packages/core/src';
const collector = 'packages/collector/src';
const cli = 'packages/cli/src';

/** A file, a module that it may not import, and the part of its name that the error contains. */
const BREACHES: [file: string, imported: string, named: string][] = [
  [`${core}/errors.ts`, './logger.js', 'core/logger'],
  [`${core}/logger.ts`, './errors.js', 'core/errors'],
  [`${core}/nearest.ts`, './config/options.js', 'core/config'],
  [`${core}/event/x.ts`, '../attempt/attempt.js', 'core/attempt'],
  [`${core}/event/x.ts`, '../config/options.js', 'core/config'],
  [`${core}/event/x.ts`, 'node:fs', 'node:fs'],
  [`${core}/event/x.ts`, 'node:http', 'node:http'],
  [`${core}/attempt/x.ts`, '../auditor/auditor.js', 'core/auditor'],
  [`${core}/attempt/x.ts`, '../auditor/intake.js', 'core/auditor'],
  [`${core}/attempt/x.ts`, '../adapter/marker.js', 'core/adapter'],
  [`${core}/attempt/x.ts`, 'node:fs', 'node:fs'],
  [`${core}/attempt/x.ts`, 'node:http', 'node:http'],
  [`${core}/auditor/identity-key.ts`, 'node:fs', 'node:fs'],
  [`${core}/auditor/open-spool.ts`, '../publish/transport.js', 'core/publish'],
  [`${core}/formats/x.ts`, '../auditor/auditor.js', 'core/auditor'],
  [`${core}/spool/x.ts`, './disk/disk-spool.js', 'core/spool/disk'],
  [`${core}/spool/x.ts`, '../publish/transport.js', 'core/publish'],
  [`${core}/spool/x.ts`, 'node:fs', 'node:fs'],
  [`${core}/sqlite/x.ts`, '../spool/spool.js', 'core/spool'],
  [`${core}/spool/disk/x.ts`, '../../auditor/open-spool.js', 'core/auditor/open-spool'],
  [`${core}/spool/disk/x.ts`, '../../retraced/response.js', 'core/retraced'],
  [`${core}/spool/disk/x.ts`, 'undici', 'undici'],
  [`${core}/publish/x.ts`, '../retraced/http-transport.js', 'core/retraced/http-transport'],
  [`${core}/publish/x.ts`, 'undici', 'undici'],
  [`${core}/retraced/x.ts`, 'undici', 'undici'],
  [`${core}/retraced/x.ts`, 'node:http', 'node:http'],
  [`${core}/retraced/http-transport.ts`, '../spool/spool.js', 'core/spool'],
  [`${core}/retraced/proxy.ts`, './response.js', 'core/retraced'],
  [`${core}/config/x.ts`, '../auditor/auditor.js', 'core/auditor'],
  [`${core}/telemetry/x.ts`, '../auditor/auditor.js', 'core/auditor'],
  [`${core}/verify/x.ts`, '../publish/transport.js', 'core/publish'],
  [`${core}/auditor/x.ts`, '../adapter/login-audit.js', 'core/adapter'],
  [`${core}/auditor/x.ts`, '../spool/disk/spool-file.js', 'core/spool/disk'],
  [`${core}/relay/x.ts`, '../auditor/auditor.js', 'core/auditor'],
  [`${core}/adapter/x.ts`, '../spool/spool.js', 'core/spool'],
  [`${core}/adapter/x.ts`, 'express', 'express'],
  [`${core}/index.ts`, './spool/disk/disk-spool.js', 'core/spool/disk'],
  [`${core}/adapter.ts`, './formats/ecs.js', 'core/formats'],
  [`${core}/browser.ts`, './config/options.js', 'core/config'],
  [`${core}/engine.ts`, './auditor/auditor.js', 'core/auditor'],
  [`${core}/log.ts`, './auditor/auditor.js', 'core/auditor'],
  ['packages/express/src/x.ts', 'koa', 'koa'],
  ['packages/express/src/x.ts', '../../core/src/auditor/auditor.js', 'core/auditor'],
  ['packages/fastify/src/x.ts', 'express', 'express'],
  ['packages/koa/src/x.ts', '@auditlogin/express', 'express'],
  ['packages/jetstream/src/x.ts', 'pg', 'pg'],
  ['packages/postgres/src/x.ts', '@auditlogin/collector', 'collector/index'],
  ['packages/testing/src/x.ts', 'jest', 'jest'],
  [`${collector}/store/x.ts`, '../access/tokens.js', 'collector/access'],
  [`${collector}/store/x.ts`, '../api/lines.js', 'collector/api'],
  [`${collector}/store/x.ts`, 'express', 'express'],
  [`${collector}/access/x.ts`, '../api/lines.js', 'collector/api'],
  [`${collector}/api/errors.ts`, './lines.js', 'collector/api'],
  [`${collector}/api/x.ts`, '../viewer/csv.js', 'collector/viewer'],
  [`${collector}/viewer/x.ts`, '../server.js', 'collector/server'],
  [`${collector}/guard.ts`, './api/lines.js', 'collector/api'],
  [`${collector}/options.ts`, './server.js', 'collector/server'],
  [`${collector}/metrics.ts`, './api/lines.js', 'collector/api'],
  [`${collector}/public-path.cts`, './app.js', 'collector/app'],
  [`${collector}/app.ts`, './server.js', 'collector/server'],
  [`${collector}/server.ts`, 'express', 'express'],
  [`${collector}/operate.ts`, './viewer/csv.js', 'collector/viewer'],
  [`${collector}/index.ts`, './store/store.js', 'collector/store'],
  ['packages/collector/viewer/src/x.ts', 'node:fs', 'node:fs'],
  ['packages/collector/viewer/src/x.ts', '@auditlogin/core', 'core/index'],
  ['packages/collector/viewer/src/x.ts', '../../src/store/store.js', 'collector/store'],
  [`${cli}/flags.ts`, './commands/env.js', 'cli/commands'],
  [`${cli}/engine.ts`, './commands/relay.js', 'cli/commands'],
  [`${cli}/kubernetes/x.ts`, '../commands/env.js', 'cli/commands'],
  [`${cli}/app/x.ts`, '../commands/doctor.js', 'cli/commands'],
  [`${cli}/commands/x.ts`, '../cli.js', 'cli/cli'],
  [`${cli}/commands/x.ts`, 'undici', 'undici'],
  [`${cli}/cli.ts`, './engine.js', 'cli/engine'],
];

/** The ways to import a file. */
const WAYS: [way: string, code: string][] = [
  ['a type', "import type { Server } from 'node:http';\nexport type S = Server;"],
  ['an inline type', "import { type Server } from 'node:http';\nexport type S = Server;"],
  ['a type expression', "export type S = import('node:http').Server;"],
  ['a re-export', "export { createServer } from 'node:http';"],
  ['a dynamic import', "export const load = () => import('node:http');"],
  ['a side effect', "import 'node:http';"],
];

/** Each of these imports is allowed. */
const ALLOWED: Snippet[] = [
  [`${core}/publish/x.ts`, "import type { Spool } from '../spool/spool.js';\nexport type S = Spool;"],
  [`${core}/adapter/x.ts`, "import type { IncomingMessage } from 'node:http';\nexport type I = IncomingMessage;"],
  [`${core}/retraced/http-transport.ts`, "import { Agent } from 'undici';\nexport const agent = new Agent();"],
  ['packages/express/src/x.ts', "import { createAuditor } from '@auditlogin/core';\nexport const make = createAuditor;"],
];
const VALUE_OF_TYPES_ONLY: Snippet = [
  `${core}/publish/x.ts`,
  "import { refusalOf } from '../spool/bounds.js';\nexport const refusal = refusalOf;",
];
const CIRCLE: Snippet = [`${core}/event/text.ts`, "import { normaliseEvent } from './normalise.js';\nexport const made = normaliseEvent;"];
const NO_ROOM: Snippet = ['packages/core/src/basement/x.ts', "import '../errors.js';"];

let rooms: Record<string, Room>;
const messages = new Map<Snippet, string[]>();
const breaches = BREACHES.map(([file, imported]): Snippet => [file, `import * as all from '${imported}';\nexport const used = all;`]);
const ways = WAYS.map(([, code]): Snippet => [`${core}/event/x.ts`, code]);

beforeAll(() => {
  const snippets = [...breaches, ...ways, ...ALLOWED, VALUE_OF_TYPES_ONLY, CIRCLE, NO_ROOM];
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(__dirname, 'walls.mjs')], {
    cwd: join(__dirname, '..'),
    encoding: 'utf8',
    input: JSON.stringify(snippets),
  });
  if (status !== 0) throw new Error(stderr);
  const answer = JSON.parse(stdout) as { rooms: Record<string, Room>; messages: string[][] };
  rooms = answer.rooms;
  snippets.forEach((snippet, index) => messages.set(snippet, answer.messages[index]!));
}, 180_000);

it.each(BREACHES.map((breach, index) => [...breach, index] as const))('%s may not import %s', (_file, _imported, named, index) => {
  const found = messages.get(breaches[index]!)!.filter((message) => message.startsWith('boundaries/dependencies'));
  expect(found).toEqual([expect.stringContaining(`"${named}"`)]);
});

it.each(WAYS.map(([way], index) => [way, index] as const))('sees %s as an import', (_way, index) => {
  expect(messages.get(ways[index]!)).toContainEqual(expect.stringMatching(/^boundaries\/dependencies.*"node:http"/));
});

it('accepts every import that a room may have', () => {
  for (const snippet of ALLOWED) expect([snippet[0], messages.get(snippet)]).toEqual([snippet[0], []]);
});

it('refuses importing a value from a room of which only types may be imported', () => {
  expect(messages.get(VALUE_OF_TYPES_ONLY)).toContainEqual(expect.stringMatching(/^boundaries\/dependencies.*"core\/spool"/));
});

it('refuses a file that is in no room', () => {
  expect(messages.get(NO_ROOM)).toContainEqual(expect.stringMatching(/^boundaries\/no-unknown-files/));
});

it('refuses circular imports', () => {
  expect(messages.get(CIRCLE)).toContainEqual(expect.stringMatching(/^import-x\/no-cycle/));
});

it('has a breach for every room', () => {
  const found = breaches.flatMap((snippet) => messages.get(snippet)!).join('\n');
  expect(Object.keys(rooms).filter((name) => !found.includes(`from file of category "${name}" to`))).toEqual([]);
});

it('has rooms without circular imports, types included', () => {
  const floors = new Map<string, number>();
  const floorOf = (name: string, path: string[]): number => {
    if (path.includes(name)) throw new Error(`a circle of rooms: ${[...path, name].join(' → ')}`);
    const { rooms: open = [], types = [] } = rooms[name] ?? fail(`there is no room ${name}, which ${path.at(-1)} may import`);
    const floor = floors.get(name) ?? 1 + Math.max(-1, ...[...open, ...types].map((other) => floorOf(other, [...path, name])));
    floors.set(name, floor);
    return floor;
  };
  expect(Math.max(...Object.keys(rooms).map((name) => floorOf(name, [])))).toBeGreaterThan(0);
});

function fail(message: string): never {
  throw new Error(message);
}

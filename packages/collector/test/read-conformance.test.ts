import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRecordings, Replay } from '../../../test/read-conformance.js';
import { type Collector, startCollector } from '../src/index.js';

const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-read-conformance-'));
const [setup, exchanges] = [true, false].map((isSetup) => readRecordings.filter(({ category }) => (category === 'setup') === isSetup));
let collector: Collector;
let replay: Replay;

beforeAll(async () => {
  collector = await startCollector({ port: 0, dataDir, project: 'dev', token: 'dev', basePath: '/auditlog' });
  replay = new Replay(new URL(collector.apiBase).origin);
  for (const recording of setup!) expect(await replay.setUp(recording)).toBe(recording.response.status);
  await replay.findPositions('dev', 'dev');
});
afterAll(async () => {
  await collector.close();
  rmSync(dataDir, { recursive: true });
});

/** The exchanges that are answered differently on purpose, by the reason that docs/collector.md gives. */
const DELIBERATE: Record<string, readonly string[]> = {
  'Unknown fields are refused': [
    'search/actor.href:x',
    'search/group.name:Acme',
    'search/is_failure:true',
    'search/is_failure:false',
    'search/id:nope',
    'search/component:worker',
    'search/fields.method:password',
    'search/fields.method:laptop',
    'search/fields.device:nope',
    'search/metadata.region:eu',
    'search/x:y',
    'search/login:',
    'search/action:doc.delete is_failure:true',
    'search/-action:user.login',
    'viewer/graphql: group.id of another group',
  ],
  'Names do not cross groups': [
    'node/all events, every field, oldest first',
    'node/all events, every field, newest first',
    'node/one event: group id only',
  ],
  'A later version of graphql-js': ['introspection/types by name', 'introspection/types and their fields', 'introspection/directives'],
  'Errors of validation': ['viewer/graphql: duplicate field'],
};
const reasons = new Map(Object.entries(DELIBERATE).flatMap(([reason, names]) => names.map((name) => [name, reason] as const)));

test('reads all recordings', () => expect([setup!.length, exchanges!.length]).toEqual([62, 346]));

test.each(exchanges!.filter(({ name }) => !reasons.has(name)).map((recording) => [recording.name, recording] as const))(
  '%s',
  async (_name, recording) => {
    const { recorded, seen } = await replay.compare(recording);
    expect(seen).toEqual(recorded);
  },
);

test.each([...reasons])('%s differs: %s', async (name, reason) => {
  const { recorded, seen } = await replay.compare(exchanges!.find((recording) => recording.name === name)!);
  expect(seen).not.toEqual(recorded);
  expect(seen.status).toBeLessThan(500);
  expect(readFileSync(join(__dirname, '..', '..', '..', 'docs', 'collector.md'), 'utf8')).toContain(`**${reason}.**`);
});

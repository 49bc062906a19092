import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificate } from './certificate.js';
import { run } from './run.js';

const TOKEN = "tok-canary'$(id)";
const CREDENTIAL = 'bearer-canary';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretIn = (
  namespace: string,
  data: object = { BOOTSTRAP_PUBLISHER_TOKEN: base64(`${TOKEN}\n`), BOOTSTRAP_PUBLISHER_PROJECT: base64('dev') },
): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'auditlog', namespace },
  data,
});
const failure = (code: number, reason: string): object => ({
  apiVersion: 'v1',
  kind: 'Status',
  status: 'Failure',
  reason,
  code,
  message: reason,
});

const folder = mkdtempSync(join(tmpdir(), 'auditlogin-env-'));
const config = join(folder, 'config');
let server: Server;
/** What the API server answers, by path; others are not found. */
let answers: Record<string, [status: number, body: object]>;
let asked: IncomingMessage[];

beforeAll(async () => {
  const { key, cert } = await certificate();
  server = createServer({ key, cert }, (request, response) => {
    asked.push(request);
    const [status, body] = answers[decodeURIComponent(request.url!)] ?? [404, failure(404, 'NotFound')];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const cluster = (port: number, scheme = 'https'): object => ({
    server: `${scheme}://localhost:${port}`,
    'certificate-authority-data': base64(cert),
  });
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'main', cluster: cluster((server.address() as AddressInfo).port) },
        { name: 'gone', cluster: cluster(1) },
        { name: 'open', cluster: cluster(1, 'http') },
        { name: 'stranger', cluster: { server: `https://localhost:${(server.address() as AddressInfo).port}` } },
      ],
      users: [{ name: 'me', user: { token: CREDENTIAL } }],
      contexts: [
        { name: 'main', context: { cluster: 'main', user: 'me', namespace: 'audit' } },
        { name: 'plain', context: { cluster: 'main', user: 'me' } },
        { name: 'gone', context: { cluster: 'gone', user: 'me' } },
        { name: 'open', context: { cluster: 'open', user: 'me' } },
        { name: 'stranger', context: { cluster: 'stranger', user: 'me' } },
      ],
      'current-context': 'main',
    }),
  );
});
beforeEach(() => {
  answers = {};
  asked = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const env = (...flags: string[]): ReturnType<typeof run>['ended'] =>
  run(['env', ...flags], { env: { KUBECONFIG: config, HOME: folder } }).ended;
const NAMED = '/api/v1/namespaces/audit/secrets/auditlog';
const EVERYWHERE = '/api/v1/secrets?fieldSelector=metadata.name=auditlog';

describe('prints', () => {
  beforeEach(() => (answers[NAMED] = [200, secretIn('audit')]));

  test('lines for a shell, quoted, whatever the token is', async () => {
    const { code, stdout, stderr } = await env();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`export AUDITLOG_API_TOKEN='tok-canary'\\''$(id)'\nexport AUDITLOG_API_PROJECT=dev\n`);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${CREDENTIAL}`]);
  });

  test('a .env file, JSON', async () => {
    answers[NAMED] = [200, secretIn('audit', { BOOTSTRAP_PUBLISHER_TOKEN: base64('abc#d'), BOOTSTRAP_PUBLISHER_PROJECT: base64('dev') })];
    expect((await env('--format', 'dotenv')).stdout).toBe(`AUDITLOG_API_TOKEN='abc#d'\nAUDITLOG_API_PROJECT=dev\n`);
    expect(JSON.parse((await env('--format', 'json')).stdout)).toEqual({ AUDITLOG_API_TOKEN: 'abc#d', AUDITLOG_API_PROJECT: 'dev' });
  });

  test('from the namespace, the context and the secret that are named', async () => {
    answers['/api/v1/namespaces/other/secrets/mine'] = [200, secretIn('other')];
    expect((await env('--context', 'plain', '--namespace', 'other', '--secret', 'mine')).code).toBe(0);
  });

  test('from wherever it is, when it is in one place', async () => {
    delete answers[NAMED];
    answers[EVERYWHERE] = [200, { apiVersion: 'v1', kind: 'SecretList', items: [secretIn('elsewhere')] }];
    const { code, stdout, stderr } = await env();
    expect([code, stderr]).toEqual([0, 'Found in namespace "elsewhere".\n']);
    expect(stdout).toContain('AUDITLOG_API_PROJECT=dev');
  });
});

describe('says what is wrong', () => {
  test.each<[string, () => void, string[], RegExp]>([
    [
      'no secret',
      () => (answers[EVERYWHERE] = [200, { items: [] }]),
      [],
      /there is no secret "auditlog" in main \(http.*\); install the audit log there/,
    ],
    ['no secret in that namespace', () => undefined, ['--namespace', 'x'], /there is no secret "auditlog" in namespace "x" of main/],
    [
      'several secrets',
      () => (answers[EVERYWHERE] = [200, { items: [secretIn('a'), secretIn('b')] }]),
      [],
      /in several namespaces; give --namespace with one of a, b/,
    ],
    [
      'not found, and no look elsewhere',
      () => (answers[EVERYWHERE] = [403, failure(403, 'Forbidden')]),
      [],
      /you may not look into all namespaces; give --namespace/,
    ],
    [
      'no permission',
      () => (answers[NAMED] = [403, failure(403, 'Forbidden')]),
      [],
      /you may not read secret "auditlog" in namespace "audit".*permission "get" on "secrets"/,
    ],
    ['not known', () => (answers[NAMED] = [401, failure(401, 'Unauthorized')]), [], /does not know you; log in to the cluster anew/],
    ['a cluster that fails', () => (answers[NAMED] = [500, failure(500, 'InternalError')]), [], /answered 500/],
    [
      'no such key',
      () => (answers[NAMED] = [200, secretIn('audit', { other: base64('x') })]),
      [],
      /no usable key BOOTSTRAP_PUBLISHER_TOKEN; it has other/,
    ],
    [
      'no such context',
      () => undefined,
      ['--context', 'nowhere'],
      /there is no context "nowhere"; there are main, plain, gone, open, stranger/,
    ],
    ['a cluster that is gone', () => undefined, ['--context', 'gone'], /gone \(https:\/\/localhost:1\) cannot be reached \(ECONNREFUSED\)/],
    ['a cluster without TLS', () => undefined, ['--context', 'open'], /http:\/\/localhost:1 would get your credentials in clear text/],
    ['a certificate of nobody', () => undefined, ['--context', 'stranger'], /cannot be reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
  ])('%s', async (_, prepare, flags, message) => {
    prepare();
    const { code, stdout, stderr } = await env(...flags);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ERR_AUDIT_KUBERNETES: The secret could not be read: /);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('canary');
  });

  test('no cluster, a configuration that cannot be read', async () => {
    const none = await run(['env'], { env: { HOME: join(folder, 'nobody') } }).ended;
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no cluster is configured; set KUBECONFIG')]);
    writeFileSync(join(folder, 'broken'), `{ token: ${CREDENTIAL}`);
    const broken = await run(['env'], { env: { KUBECONFIG: join(folder, 'broken'), HOME: folder } }).ended;
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining("kubectl's configuration cannot be read")]);
    expect(broken.stderr).not.toContain('canary');
  });
});

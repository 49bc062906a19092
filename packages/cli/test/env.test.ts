import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createProxy, type IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { parse } from 'dotenv';
import { readContext } from '../src/kubernetes/kubeconfig.js';
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

/** A credential plugin that records its input and prints the configured output. */
const PLUGIN = `#!/usr/bin/env node
require('node:fs').writeFileSync(process.env.NOTE, JSON.stringify({ args: process.argv.slice(2), info: JSON.parse(process.env.KUBERNETES_EXEC_INFO) }));
process.stdout.write(process.env.PRINT);
process.exit(Number(process.env.EXIT ?? 0));
`;

const folder = mkdtempSync(join(tmpdir(), 'auditlogin-env-'));
const config = join(folder, 'config');
let server: Server;
/** The API server's responses by path. Other paths get 404. */
let answers: Record<string, [status: number, body: object]>;
let asked: IncomingMessage[];
/** Whether each request came with a client certificate. */
let certified: boolean[];
let key: string;
let cert: string;

beforeAll(async () => {
  ({ key, cert } = await certificate());
  // Clients authenticate with the server's own self-signed certificate.
  server = createServer({ key, cert, ca: cert, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    asked.push(request);
    certified.push((request.socket as TLSSocket).authorized);
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
  certified = [];
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

  it('lines for a shell, quoted for any token', async () => {
    const { code, stdout, stderr } = await env();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`export AUDITLOG_API_TOKEN='tok-canary'\\''$(id)'\nexport AUDITLOG_API_PROJECT=dev\n`);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${CREDENTIAL}`]);
  });

  it('a .env file and JSON', async () => {
    answers[NAMED] = [200, secretIn('audit', { BOOTSTRAP_PUBLISHER_TOKEN: base64('abc#d'), BOOTSTRAP_PUBLISHER_PROJECT: base64('dev') })];
    expect((await env('--format', 'dotenv')).stdout).toBe(`AUDITLOG_API_TOKEN='abc#d'\nAUDITLOG_API_PROJECT=dev\n`);
    expect(JSON.parse((await env('--format', 'json')).stdout)).toEqual({ AUDITLOG_API_TOKEN: 'abc#d', AUDITLOG_API_PROJECT: 'dev' });
  });

  const HOSTILE = [
    ['a quote and a command', "a';touch${IFS}hit;'"],
    ['a substitution', '$(touch${IFS}hit)'],
    ['back-ticks', '`touch${IFS}hit`'],
    ['a variable', 'a$HOME'],
    ['a single quote', "a'b"],
    ['double quotes', 'a"b"c'],
    ['all quotes', `a'b"c\`d`],
    ['a backslash at the end', 'a\\'],
    ['a backslash before a quote', "a\\'b"],
    ['a comment', 'a#b'],
    ['an escape of dotenv', 'a\\nb'],
    ['what a history would expand', 'a!b!!'],
    ['a newline and a command', 'a\ntouch hit\n#'],
    ['a blank', 'a #b'],
  ] as const;
  it.each(HOSTILE)('%s so that a shell and dotenv read it back and run nothing, or refuses it', async (_, value) => {
    answers[NAMED] = [200, secretIn('audit', { BOOTSTRAP_PUBLISHER_TOKEN: base64(value), BOOTSTRAP_PUBLISHER_PROJECT: base64("it's") })];
    const expected = [value, "it's"];
    for (const format of ['shell', 'dotenv', 'json']) {
      const { code, stdout } = await env('--format', format);
      if (code !== 0) {
        expect([stdout, format === 'dotenv' || /\s/.test(value)]).toEqual(['', true]);
        continue;
      }
      if (format !== 'json') {
        const file = join(folder, 'printed.env');
        writeFileSync(file, stdout);
        const script = `set -a; . ${file}; printf '%s\\n' "$AUDITLOG_API_TOKEN" "$AUDITLOG_API_PROJECT"; test ! -e hit`;
        const sourced = spawnSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });
        expect([sourced.status, sourced.stdout.trimEnd().split('\n')]).toEqual([0, expected]);
      }
      const parsed = format === 'json' ? (JSON.parse(stdout) as Record<string, string>) : parse(stdout);
      if (format !== 'shell') expect([parsed['AUDITLOG_API_TOKEN'], parsed['AUDITLOG_API_PROJECT']]).toEqual(expected);
    }
  });

  it('from the namespace, the context and the secret in the flags', async () => {
    answers['/api/v1/namespaces/other/secrets/mine'] = [200, secretIn('other')];
    expect((await env('--context', 'plain', '--namespace', 'other', '--secret', 'mine')).code).toBe(0);
  });

  it('from any namespace, if only one has the secret', async () => {
    delete answers[NAMED];
    answers[EVERYWHERE] = [200, { apiVersion: 'v1', kind: 'SecretList', items: [secretIn('elsewhere')] }];
    const { code, stdout, stderr } = await env();
    expect([code, stderr]).toEqual([0, 'Found in namespace "elsewhere".\n']);
    expect(stdout).toContain('AUDITLOG_API_PROJECT=dev');
  });
});

/** Writes a configuration with one context. */
function configured(name: string, user: object, cluster: object = {}): string {
  const path = join(folder, name);
  const address = { server: `https://localhost:${(server.address() as AddressInfo).port}`, 'certificate-authority-data': base64(cert) };
  writeFileSync(
    path,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { ...address, ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name, context: { cluster: 'c', user: 'u', namespace: 'audit' } }],
      'current-context': name,
    }),
  );
  return path;
}
const envBy = (path: string, more: NodeJS.ProcessEnv = {}): ReturnType<typeof run>['ended'] =>
  run(['env'], { env: { KUBECONFIG: path, HOME: folder, ...more } }).ended;

describe('authenticates like kubectl', () => {
  beforeEach(() => (answers[NAMED] = [200, secretIn('audit')]));

  it.each<[string, object, Record<string, string>]>([
    ['by a file with a token, relative to the configuration', { tokenFile: 'token' }, { authorization: 'Bearer from-file' }],
    ['by a name and a password', { username: 'ann', password: 'pw-canary' }, { authorization: `Basic ${base64('ann:pw-canary')}` }],
    [
      'by an id token that still holds',
      { 'auth-provider': { name: 'oidc', config: { 'id-token': `h.${base64(JSON.stringify({ exp: 9e9 }))}.s` } } },
      { authorization: `Bearer h.${base64(JSON.stringify({ exp: 9e9 }))}.s` },
    ],
    [
      'on behalf of somebody else',
      { token: CREDENTIAL, as: 'eve', 'as-uid': '7', 'as-groups': ['a', 'b'] },
      { authorization: `Bearer ${CREDENTIAL}`, 'impersonate-user': 'eve', 'impersonate-uid': '7', 'impersonate-group': 'a, b' },
    ],
  ])('%s', async (_, user, headers) => {
    writeFileSync(join(folder, 'token'), 'from-file\n');
    expect(await envBy(configured('who', user))).toMatchObject({ code: 0, stderr: '' });
    expect(asked.map(({ headers }) => headers)).toEqual([expect.objectContaining(headers)]);
  });

  it.each([
    ['in the configuration', () => ({ 'client-certificate-data': base64(cert), 'client-key-data': base64(key) })],
    ['in files', () => ({ 'client-certificate': 'client.crt', 'client-key': 'client.key' })],
  ])('by a client certificate %s', async (_, user) => {
    writeFileSync(join(folder, 'client.crt'), cert);
    writeFileSync(join(folder, 'client.key'), key);
    expect(await envBy(configured('who', user()))).toMatchObject({ code: 0, stderr: '' });
    expect(certified).toEqual([true]);
  });

  it('trusts the certificate authority in a file, for the server name of the cluster', async () => {
    writeFileSync(join(folder, 'ca.crt'), cert);
    const { port } = server.address() as AddressInfo;
    const cluster = {
      server: `https://127.0.0.1:${port}`,
      'certificate-authority-data': undefined,
      'certificate-authority': 'ca.crt',
      'tls-server-name': 'localhost',
    };
    expect(await envBy(configured('by-address', { token: CREDENTIAL }, cluster))).toMatchObject({ code: 0, stderr: '' });
    const unnamed = await envBy(configured('by-address', { token: CREDENTIAL }, { ...cluster, 'tls-server-name': undefined }));
    expect(unnamed.stderr).toContain('cannot be reached (ERR_TLS_CERT_ALTNAME_INVALID)');
    expect(asked).toHaveLength(1);
  });

  it('connects through the proxy of the cluster', async () => {
    const through: string[] = [];
    const proxy = createProxy().on('connect', (request, socket) => {
      through.push(request.url!);
      const upstream = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      upstream.pipe(socket).pipe(upstream);
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const { port } = server.address() as AddressInfo;
    expect(await envBy(configured('proxied', { token: CREDENTIAL }, { 'proxy-url': uri }))).toMatchObject({ code: 0, stderr: '' });
    expect([through, asked.length]).toEqual([[`localhost:${port}`], 1]);
    proxy.close();
  });

  describe('with a credential plugin', () => {
    const note = join(folder, 'note.json');
    const plugin = (print: object | string, more: object = {}, variables: Record<string, string> = {}): object => ({
      exec: {
        apiVersion: 'client.authentication.k8s.io/v1',
        command: './plugin.cjs',
        args: ['get-token', '--now'],
        env: Object.entries({ NOTE: note, PRINT: typeof print === 'string' ? print : JSON.stringify(print), ...variables }).map(
          ([name, value]) => ({ name, value }),
        ),
        ...more,
      },
    });
    const credential = (status: object): object => ({ kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', status });
    beforeAll(() => writeFileSync(join(folder, 'plugin.cjs'), PLUGIN, { mode: 0o755 }));

    it('uses the token that the plugin prints, and passes it only the information it asks for', async () => {
      expect(await envBy(configured('plugged', plugin(credential({ token: 'plugged' }))))).toMatchObject({ code: 0, stderr: '' });
      expect(asked[0]!.headers.authorization).toBe('Bearer plugged');
      expect(JSON.parse(readFileSync(note, 'utf8'))).toEqual({
        args: ['get-token', '--now'],
        info: { kind: 'ExecCredential', apiVersion: 'client.authentication.k8s.io/v1', spec: { interactive: false } },
      });
    });

    it('uses the certificate that the plugin prints, and passes it the cluster if it asks for it', async () => {
      const user = plugin(credential({ clientCertificateData: cert, clientKeyData: key }), { provideClusterInfo: true });
      const extensions = [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }];
      expect(await envBy(configured('plugged', user, { extensions }))).toMatchObject({ code: 0, stderr: '' });
      expect(certified).toEqual([true]);
      const { port } = server.address() as AddressInfo;
      const { info } = JSON.parse(readFileSync(note, 'utf8')) as { info: { spec: object } };
      expect(info.spec).toEqual({
        interactive: false,
        cluster: { server: `https://localhost:${port}`, 'certificate-authority-data': base64(cert), config: { audience: 'x' } },
      });
    });

    it.each<[string, object, RegExp]>([
      ['fails', plugin('', {}, { EXIT: '3' }), /plugin\.cjs" failed \(exit code 3\)/],
      ['is not installed', plugin('', { command: 'no-such-plugin' }), /"no-such-plugin" failed \(ENOENT\); install it/],
      ['prints something else', plugin('tok-canary'), /printed no ExecCredential/],
      [
        'is for an old version',
        plugin('', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
        /is set up for an unsupported version/,
      ],
      ['asks questions without a terminal', plugin('', { interactiveMode: 'Always' }), /asks questions; run this in a terminal/],
    ])('reports a plugin that %s', async (_, user, message) => {
      const { code, stderr } = await envBy(configured('plugged', user));
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
      expect(stderr).not.toContain('canary');
      expect(asked).toEqual([]);
    });
  });
});

describe('finds the context as kubectl does', () => {
  it('uses the first of several files that defines a name', async () => {
    answers[NAMED] = [200, secretIn('audit')];
    const first = configured('first', { token: 'of-the-first' });
    const second = configured('second', { token: 'of-the-second' });
    const files = [join(folder, 'missing'), first, second].join(delimiter);
    expect(readContext(undefined, { KUBECONFIG: files }).user.token).toBe('of-the-first');
    expect(readContext('second', { KUBECONFIG: files }).user.token).toBe('of-the-first');
    expect(await envBy(files)).toMatchObject({ code: 0 });
    expect(asked[0]!.headers.authorization).toBe('Bearer of-the-first');
  });

  it('reads YAML with the empty values that kubectl writes', () => {
    const path = join(folder, 'yaml');
    const lines = ['clusters:', '- name: c', '  cluster: {server: "https://c:6443"}', 'users: null', 'preferences: {}'];
    writeFileSync(
      path,
      [...lines, 'contexts:', '- context:', '    cluster: c', '    user: ""', '  name: k', 'current-context: k'].join('\n'),
    );
    expect(readContext(undefined, { KUBECONFIG: path })).toEqual({
      clusterName: 'c',
      cluster: { server: 'https://c:6443' },
      user: {},
      namespace: 'default',
    });
  });

  it('uses the service account of the pod it runs in', () => {
    const account = join(folder, 'account');
    mkdirSync(account);
    writeFileSync(join(account, 'token'), 't');
    writeFileSync(join(account, 'namespace'), 'apps\n');
    const pod = { KUBECONFIG: join(folder, 'missing'), KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    expect(readContext(undefined, pod, account)).toEqual({
      clusterName: 'this cluster',
      cluster: { server: 'https://[fd00::1]:443', 'certificate-authority': join(account, 'ca.crt') },
      user: { tokenFile: join(account, 'token') },
      namespace: 'apps',
    });
    expect(() => readContext(undefined, pod, join(folder, 'nobody'))).toThrow('no cluster is configured');
  });
});

describe('reports', () => {
  it.each<[string, object, object, RegExp]>([
    ['a token file that is gone', { tokenFile: 'gone' }, {}, /gone" of kubectl's configuration cannot be read \(ENOENT\)/],
    [
      'an id token that has expired',
      { 'auth-provider': { name: 'oidc', config: { 'id-token': `h.${base64(JSON.stringify({ exp: 1, x: 'canary' }))}.s` } } },
      {},
      /auth provider "oidc" of your user has no valid token; run kubectl once/,
    ],
    ['a former auth provider', { 'auth-provider': { name: 'gcp' } }, {}, /set up a credential plugin/],
    ['a cluster without an address', {}, { server: 'canary' }, /cannot be read: clusters\.0\.cluster\.server is not as expected/],
    ['an invalid key', { 'client-certificate-data': 'canary', 'client-key-data': 'canary' }, {}, /cannot be reached \(ERR_/],
  ])('%s', async (_, user, cluster, message) => {
    const { code, stderr } = await envBy(configured('wrong', user, cluster));
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr).not.toContain('canary');
  });

  it('a response that is not from an API server', async () => {
    answers[NAMED] = [200, { kind: 'Login', page: 'canary' }];
    const { code, stderr } = await env();
    expect([code, stderr]).toEqual([1, expect.stringContaining('did not respond like an API server')]);
    expect(stderr).not.toContain('canary');
  });

  it.each<[string, () => void, string[], RegExp]>([
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
      'no secret in the namespace and no permission for the others',
      () => (answers[EVERYWHERE] = [403, failure(403, 'Forbidden')]),
      [],
      /you may not list the secrets of all namespaces; give --namespace/,
    ],
    [
      'no permission',
      () => (answers[NAMED] = [403, failure(403, 'Forbidden')]),
      [],
      /you may not read secret "auditlog" in namespace "audit".*permission "get" on "secrets"/,
    ],
    [
      'rejected credentials',
      () => (answers[NAMED] = [401, failure(401, 'Unauthorized')]),
      [],
      /rejected your credentials; log in to the cluster again/,
    ],
    ['a cluster that fails', () => (answers[NAMED] = [500, failure(500, 'InternalError')]), [], /responded with 500/],
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
    ['an untrusted certificate', () => undefined, ['--context', 'stranger'], /cannot be reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
  ])('%s', async (_, prepare, flags, message) => {
    prepare();
    const { code, stdout, stderr } = await env(...flags);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ERR_AUDIT_KUBERNETES: The secret could not be read: /);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('canary');
  });

  it('a missing cluster, and a configuration that cannot be read', async () => {
    const none = await run(['env'], { env: { HOME: join(folder, 'nobody') } }).ended;
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no cluster is configured; set KUBECONFIG')]);
    writeFileSync(join(folder, 'broken'), `{ token: ${CREDENTIAL}`);
    const broken = await run(['env'], { env: { KUBECONFIG: join(folder, 'broken'), HOME: folder } }).ended;
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining("kubectl's configuration cannot be read")]);
    expect(broken.stderr).not.toContain('canary');
  });
});

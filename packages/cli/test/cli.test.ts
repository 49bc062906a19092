import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificate } from './certificate.js';

// The built command: `npm test` builds before it runs the tests.
const BIN = join(__dirname, '..', 'dist', 'esm', 'cli.js');
const dataDir = mkdtempSync(join(tmpdir(), 'auditlogin-cli-'));
const children: ChildProcess[] = [];
const servers: { close(): void }[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of servers) server.close();
  rmSync(dataDir, { recursive: true });
});

function run(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; output: () => string; ended: Promise<{ code: number | null; output: string }> } {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], { env: { PATH, HOME, NO_COLOR: '1', ...env }, cwd: dataDir });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })) };
}

async function runDev(
  ...flags: string[]
): Promise<{ child: ChildProcess; env: NodeJS.ProcessEnv; output: string; ended: Promise<{ code: number | null }> }> {
  const { child, output, ended } = run(['dev', '--port', '0', ...flags]);
  while (!output().includes('Ctrl-C')) {
    if (child.exitCode !== null) throw new Error(output());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const env = Object.fromEntries([...output().matchAll(/export (\w+)=(\S+)/g)].map(([, name, value]) => [name!, value!]));
  return { child, env, output: output(), ended };
}

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

it('dev prints its address and variables, doctor verifies them, and SIGTERM ends dev', async () => {
  const dev = await runDev('--data', join(dataDir, 'a'), '--project', 'p1', '--token', 'tok-canary', '--base-path', '/auditlog');
  expect(dev.env).toEqual({
    AUDITLOG_API_BASE: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/auditlog$/) as unknown,
    AUDITLOG_API_PROJECT: 'p1',
    AUDITLOG_API_TOKEN: 'tok-canary',
  });
  const { code, output } = await run(['doctor'], dev.env).ended;
  expect(output).toMatch(/Address {2}http:\S+ \(from AUDITLOG_API_BASE\)/);
  expect(output).toMatch(/✓ The test event was stored[^]*✓ Its hash is the hash of what was sent/);
  expect(output).not.toContain('canary');
  expect(code).toBe(0);
  dev.child.kill('SIGTERM');
  expect((await dev.ended).code).toBe(0);
});

it('dev creates a token and uses it again at the next start', async () => {
  const [one, two] = [await runDev('--data', join(dataDir, 'b')), await runDev('--data', join(dataDir, 'b'))];
  expect(one.env['AUDITLOG_API_TOKEN']).toMatch(/^[\w-]{32}$/);
  expect(two.env['AUDITLOG_API_TOKEN']).toBe(one.env['AUDITLOG_API_TOKEN']);
});

describe('doctor tells apart', () => {
  const doctor = (apiBase: string, ...flags: string[]): Promise<{ code: number | null; output: string }> =>
    run(['doctor', '--api-base', apiBase, '--timeout', '400', ...flags], { AUDITLOG_API_PROJECT: 'dev', AUDITLOG_API_TOKEN: 'tok-canary' })
      .ended;

  async function answering(status: number, body: string): Promise<string> {
    const port = await listening(createServer((_, response) => void response.writeHead(status).end(body)));
    return `http://127.0.0.1:${port}`;
  }

  const cases: [string, () => Promise<string>, string, RegExp][] = [
    ['a wrong address', async () => Promise.resolve('http://no-such-host.invalid'), 'ERR_AUDIT_ADDRESS', /Check the host name/],
    [
      'a refused connection',
      async () => {
        const server = createTcpServer();
        const port = await listening(server);
        server.close();
        await once(server, 'close');
        return `http://127.0.0.1:${port}`;
      },
      'ERR_AUDIT_CONNECTION',
      /check the port/,
    ],
    [
      'a server that does not respond',
      async () => `http://127.0.0.1:${await listening(createTcpServer(() => undefined).on('connection', (socket) => socket.unref()))}`,
      'ERR_AUDIT_TIMEOUT',
      /firewalls/,
    ],
    [
      'an untrusted certificate',
      async () => `https://127.0.0.1:${await listening(createTlsServer(await certificate()))}`,
      'ERR_AUDIT_TLS',
      /NODE_EXTRA_CA_CERTS/,
    ],
    ['no TLS at all', async () => (await answering(200, '')).replace('http:', 'https:'), 'ERR_AUDIT_TLS', /http:\/\//],
    ['401', () => answering(401, '{"error":"Unauthorized"}'), 'ERR_AUDIT_UNAUTHORIZED', /Token and project must belong together/],
    ['404', () => answering(404, 'Not Found'), 'ERR_AUDIT_NOT_FOUND', /may lack a path such as \/auditlog/],
    ['500', () => answering(500, 'tok-canary \u001b[31m'), 'ERR_AUDIT_SERVER', /its database first/],
    ['a server that is not an audit log', () => answering(201, '<html>'), 'ERR_AUDIT_RECEIPT', /not that of a Publisher API/],
    [
      'a hash mismatch',
      () => answering(201, JSON.stringify({ id: 'x', hash: '0'.repeat(64) })),
      'ERR_AUDIT_HASH_MISMATCH',
      /Do not rely on this log/,
    ],
  ];
  it.each(cases)('%s', async (_name, address, expected, advice) => {
    const { code, output } = await doctor(await address());
    expect(output).toContain(`✗ ${expected}: `);
    expect(output).toMatch(advice);
    expect(output).not.toContain('canary');
    expect(output).not.toContain('\u001b');
    expect(code).toBe(1);
  });

  it('an incomplete configuration', async () => {
    const { code, output } = await run(['doctor', '--project', 'dev']).ended;
    expect(output).toMatch(/ERR_AUDIT_CONFIG_MISSING[^]*AUDITLOG_API_BASE[^]*AUDITLOG_API_TOKEN/);
    expect(code).toBe(1);
  });
});

it.each([
  [['dev', '--port', 'x'], 2, /"--port" is "x"; expected a whole number from 0 to 65535/],
  [['dev', '--prot', '1'], 2, /unknown option '--prot'[^]*--port/],
  [['dve'], 2, /unknown command 'dve'[^]*dev/],
  [['--help'], 0, /dev[^]*doctor[^]*Exit codes/],
  [['dev', '--help'], 0, /--base-path[^]*Example/],
  [['--version'], 0, /^\d+\.\d+\.\d+\n$/],
])('exits with %j as documented', async (args, wanted, message) => {
  const { code, output } = await run(args).ended;
  expect(output).toMatch(message);
  expect(code).toBe(wanted);
});

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createAuditor } from '../src/index.js';
import { readLog } from '../src/log.js';
import { type FaultServer, startFaultServer, watchedAuditor } from '@auditlogin/testing/contract';

let log: FaultServer;
let proxy: Server;
let asked: string[];
const before = { ...process.env };
beforeEach(async () => {
  log = await startFaultServer();
  asked = [];
  proxy = createServer();
  // Whatever name the tunnel is for, it leads to the log.
  proxy.on('connect', ({ url }, socket) => {
    asked.push(url!);
    const there = connect(Number(new URL(log.apiBase).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      there.pipe(socket).pipe(there);
    });
    there.on('error', () => socket.destroy());
    socket.on('error', () => there.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    delete process.env[name];
    delete process.env[name.toLowerCase()];
  }
});
afterEach(async () => {
  process.env = { ...before };
  proxy.closeAllConnections();
  proxy.close();
  await log.close();
});

const address = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
const event = { action: 'user.login', actor: { id: 'u' } };

it.each(['HTTP_PROXY', 'http_proxy'])('publishes through the proxy that %s names', async (name) => {
  process.env[name] = address();
  const { auditor } = watchedAuditor('http://audit.example.invalid/auditlog');
  await auditor.report(event);
  await auditor.flush();
  await auditor.close();
  expect(asked).toEqual(['audit.example.invalid:80']);
  expect(log.stored).toHaveLength(1);
});

it('reaches a server that NO_PROXY lists directly', async () => {
  Object.assign(process.env, { HTTP_PROXY: address(), NO_PROXY: '127.0.0.1,localhost' });
  const { auditor } = watchedAuditor(log.apiBase);
  await auditor.report(event);
  await auditor.flush();
  await auditor.close();
  expect(asked).toEqual([]);
  expect(log.stored).toHaveLength(1);
});

it('reads a log through the proxy', async () => {
  process.env['HTTP_PROXY'] = address();
  const where = { apiBase: 'http://audit.example.invalid/auditlog', project: 'dev', token: 't', query: 'external_id:x', timeout: 2_000 };
  expect(await readLog(where)).toEqual([]);
  expect(asked).toEqual(['audit.example.invalid:80']);
});

it('names the variable that is no address, and not its value', () => {
  process.env['HTTPS_PROXY'] = '//user:canary-secret@proxy';
  const open = (): unknown => createAuditor({ apiBase: 'http://x', project: 'p', token: 't', spool: { kind: 'memory' } });
  expect(open).toThrow(expect.objectContaining({ code: 'ERR_AUDIT_OPTION_INVALID', field: 'HTTPS_PROXY' }) as Error);
  expect(open).not.toThrow(/canary-secret/);
});

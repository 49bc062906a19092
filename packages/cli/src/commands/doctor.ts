import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { AuditError, type AuditErrorCode } from '@auditlogin/core';
import {
  type Connection,
  createSealer,
  eventId,
  httpTransport,
  normaliseEvent,
  operateSpools,
  projectKey,
  readConnection,
  readSealKeys,
  receiptMatches,
  showControls,
  spoolDirectory,
} from '@auditlogin/core/log';
import { serialise } from '@auditlogin/core/engine';
import { numberIn } from '../flags.js';
import { paint } from '../paint.js';
import { doctorApp } from './doctor-app.js';

/** The flags of `auditlogin doctor`. */
export interface DoctorFlags {
  apiBase?: string;
  project?: string;
  token?: string;
  timeout: string;
  app?: string;
  json?: boolean;
}

const WHAT_TO_DO: Partial<Record<AuditErrorCode, string>> = {
  ERR_AUDIT_ADDRESS: 'Check the host name in AUDITLOG_API_BASE, and whether this machine can resolve and reach it.',
  ERR_AUDIT_CONNECTION: 'Nothing accepts connections there: check the port in AUDITLOG_API_BASE, and whether the audit log is running.',
  ERR_AUDIT_TIMEOUT: 'A firewall may drop the packets, or the server is overloaded: check firewalls and proxies, or raise --timeout.',
  ERR_AUDIT_TLS:
    'Check the certificate and its host name. For a private authority set NODE_EXTRA_CA_CERTS to its certificate. If the server has no TLS, use http://.',
  ERR_AUDIT_UNAUTHORIZED:
    'Token and project must belong together: copy both again from the admin portal (AUDITLOG_API_TOKEN, AUDITLOG_API_PROJECT).',
  ERR_AUDIT_NOT_FOUND:
    'The server has no Publisher API at this address: AUDITLOG_API_BASE may lack a path such as /auditlog, or have a wrong one.',
  ERR_AUDIT_SERVER: 'The server itself fails: check the log of the audit log server, its database first.',
  ERR_AUDIT_RATE_LIMITED: 'The server or a proxy limits requests: wait, then try again.',
  ERR_AUDIT_REFUSED: 'The server refuses a valid event: it may not be Retraced, or a proxy changes the request.',
  ERR_AUDIT_RECEIPT:
    'The response is not that of a Publisher API: check whether AUDITLOG_API_BASE is the audit log itself and not a proxy or another service.',
  ERR_AUDIT_HASH_MISMATCH:
    'The log stored something else than was sent: something between this machine and the log changes events. Do not rely on this log until you know the cause.',
};

/**
 * With `--app`, lists which logins of an application are audited. Otherwise shows the configuration, sends one test event and verifies the hash of its
 * receipt. Sets the exit code to 1 if there is a problem.
 *
 * @param flags the command line's flags
 * @throws AuditError if the configuration is incomplete or invalid, or the application cannot be loaded
 */
export async function doctor(flags: DoctorFlags): Promise<void> {
  const timeout = numberIn('timeout', flags.timeout, 1, 999_999);
  if (flags.app !== undefined) return doctorApp(flags.app, timeout, flags.json === true);
  const { connection, sources } = readConnection(flags);
  const origin = (name: keyof Connection): string =>
    paint.dim(`(from ${sources[name] === 'options' ? 'the command line' : sources[name]})`);
  console.log(`Address  ${showControls(connection.apiBase)} ${origin('apiBase')}`);
  console.log(`Project  ${showControls(connection.project)} ${origin('project')}`);
  console.log(`Token    set, ${connection.token.length} characters ${origin('token')}`);
  if (connection.apiBase.startsWith('http:') && !/^http:\/\/(?:localhost|127\.|\[::1\])/.test(connection.apiBase)) {
    console.log(paint.yellow('Note     the token is sent in clear text over http; use https unless you trust the network'));
  }

  const waiting = waitingElsewhere(connection);
  if (waiting > 0) {
    const what = waiting === 1 ? '1 event waits' : `${waiting} events wait`;
    console.log(paint.yellow(`Note     ${what} for another address of this project; "auditlogin spool move" sends them to this one`));
  }

  console.log('Sending a test event …');
  const problem = await trial(connection, timeout);
  if (problem === undefined) return;
  console.log(`${paint.red('✗')} ${problem.code}: ${showControls(problem.message)}`);
  console.log(`  ${WHAT_TO_DO[problem.code] ?? ''}`);
  process.exitCode = 1;
}

/** Counts the events in the spool folder of this machine, if there is one. */
function waitingElsewhere(connection: Connection): number {
  const directory = spoolDirectory();
  return existsSync(directory) ? operateSpools(directory).waitingElsewhere(connection) : 0;
}

async function trial(connection: Connection, timeout: number): Promise<AuditError | undefined> {
  const transport = httpTransport({ ...connection, connections: 1, connectTimeout: timeout, timeout });
  try {
    const event = testEvent(connection.project);
    const started = performance.now();
    const delivery = await transport.send([event]);
    if (delivery.kind !== 'accepted') return delivery.error;
    const took = Math.round(performance.now() - started);
    const receipt = delivery.receipts[0]!;
    console.log(`${paint.green('✓')} The test event was stored in ${took} ms as ${showControls(receipt.id)}`);
    if (!receiptMatches(receipt, event.tail)) {
      return new AuditError('ERR_AUDIT_HASH_MISMATCH', `The server's hash ${receipt.hash} is not the hash of what was sent.`);
    }
    console.log(`${paint.green('✓')} Its hash is the hash of what was sent: ${receipt.hash}`);
    return undefined;
  } finally {
    await transport.close();
  }
}

/** Creates a test event, as an instance of its own. */
function testEvent(project: string): ReturnType<typeof serialise> {
  const now = Date.now();
  const event = normaliseEvent({
    action: 'auditlogin.doctor',
    crud: 'c',
    actor: { id: 'auditlogin-doctor', name: 'auditlogin doctor' },
    created: now,
    description: 'Test event of auditlogin doctor',
    fields: { test: 'true' },
  });
  const whole = { ...event, external_id: eventId(now) };
  // Without a seal, "auditlogin verify" would report the test event as a fault.
  const [key] = readSealKeys();
  return serialise(key ? createSealer(projectKey(key, project), randomUUID())(whole) : whole);
}

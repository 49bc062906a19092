import { AuditError } from '../errors.js';
import type { ServerDelivery } from '../publish/transport.js';

const UNREACHABLE = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN']);
const NEVER_SENT = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', ...UNREACHABLE]);
const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
const TLS = /^(?:ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|EPROTO$)/;

/**
 * Classifies a failed call. The code distinguishes a wrong address, a refused connection, a TLS failure and a time-out. `inDoubt` says whether the server may
 * have stored the batch.
 *
 * @param thrown the error of the HTTP client
 * @param base the API's base address, for the message
 */
export function readFailure(thrown: unknown, base: string): ServerDelivery {
  const code = codeOf(thrown);
  const error = describe(code, base);
  return { kind: 'retry', error, inDoubt: !NEVER_SENT.has(code) && !TLS.test(code) };
}

function describe(code: string, base: string): AuditError {
  // The client's own error is not attached: it may contain the request and with it the token.
  if (TLS.test(code)) return new AuditError('ERR_AUDIT_TLS', `The TLS connection to ${base} is not trusted (${code}).`);
  if (UNREACHABLE.has(code)) return new AuditError('ERR_AUDIT_ADDRESS', `There is no server at ${base} (${code}).`);
  if (TIMEOUTS.has(code)) return new AuditError('ERR_AUDIT_TIMEOUT', `The server at ${base} did not respond in time (${code}).`);
  return new AuditError('ERR_AUDIT_CONNECTION', `The connection to ${base} failed (${code}).`);
}

/** Node reports failed Happy Eyeballs attempts as an AggregateError; its members have the codes. */
function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return 'unknown';
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return codeOf(thrown.errors[0]);
  if ('cause' in thrown && thrown.cause !== undefined) return codeOf(thrown.cause);
  return thrown instanceof Error ? thrown.name : 'unknown';
}

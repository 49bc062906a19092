const BRAND = Symbol.for('auditlogin.error');

/** Every error code of auditlogin. `docs/errors.md` has a section for each. */
export const ERROR_CODES = [
  'ERR_AUDIT_OPTION_INVALID',
  'ERR_AUDIT_OPTION_UNKNOWN',
  'ERR_AUDIT_CONFIG_MISSING',
  'ERR_AUDIT_EVENT_INVALID',
  'ERR_AUDIT_EXTRACTOR',
  'ERR_AUDIT_MARK',
  'ERR_AUDIT_SPOOL',
  'ERR_AUDIT_SPOOL_FULL',
  'ERR_AUDIT_SET_ASIDE',
  'ERR_AUDIT_CLOSED',
  'ERR_AUDIT_TIMEOUT',
  'ERR_AUDIT_ADDRESS',
  'ERR_AUDIT_CONNECTION',
  'ERR_AUDIT_TLS',
  'ERR_AUDIT_UNAUTHORIZED',
  'ERR_AUDIT_NOT_FOUND',
  'ERR_AUDIT_RATE_LIMITED',
  'ERR_AUDIT_SERVER',
  'ERR_AUDIT_REFUSED',
  'ERR_AUDIT_RECEIPT',
  'ERR_AUDIT_HASH_MISMATCH',
  'ERR_AUDIT_KUBERNETES',
  'ERR_AUDIT_APP',
  'ERR_AUDIT_ENGINE',
] as const;

export type AuditErrorCode = (typeof ERROR_CODES)[number];

/** Optional details of an {@link AuditError}. */
export interface AuditErrorDetails {
  /** HTTP status of the server's response, if there was one. */
  status?: number;
  /** The server's own reason, cut to 500 characters and without the token. */
  reason?: string;
  /** The option or event field that is wrong. */
  field?: string;
  cause?: unknown;
}

/**
 * The only kind of error that auditlogin throws, rejects with or reports. `code` is stable; the message is for people and may change. Neither
 * contains a token, a password or a cookie.
 */
export class AuditError extends Error {
  readonly [BRAND] = true;
  readonly code: AuditErrorCode;
  readonly status?: number;
  readonly reason?: string;
  readonly field?: string;

  constructor(code: AuditErrorCode, message: string, details: AuditErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AuditError';
    this.code = code;
    if (details.status !== undefined) this.status = details.status;
    if (details.reason !== undefined) this.reason = details.reason;
    if (details.field !== undefined) this.field = details.field;
  }
}

/**
 * Whether a value is an {@link AuditError}, created by this or another copy of this package.
 *
 * @param value anything
 */
export function isAuditError(value: unknown): value is AuditError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

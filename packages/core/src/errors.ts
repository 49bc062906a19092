const BRAND = Symbol.for('auditlogin.error');

/** Every code that an error of auditlogin can carry. `docs/errors.md` has a section for each. */
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

/** What an {@link AuditError} can say beside its code and message. */
export interface AuditErrorDetails {
  /** The HTTP status of the server's answer, if there was one. */
  status?: number;
  /** The server's own words, cut to 500 characters and free of the token. */
  reason?: string;
  /** The option or event field that is wrong. */
  field?: string;
  cause?: unknown;
}

/**
 * The only kind of error that auditlogin throws, rejects with or reports. `code` is stable, the message is for people.
 * It never holds the token, a password or a cookie.
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
 * Tells an {@link AuditError} of any copy of this package from other errors.
 *
 * @param value anything
 */
export function isAuditError(value: unknown): value is AuditError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

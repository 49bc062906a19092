import { AuditError } from '@auditlogin/core';

/**
 * Creates the error for any failure to read the secret.
 *
 * @param what the problem
 * @param advice what the user can do
 */
export function problem(what: string, advice: string): AuditError {
  return new AuditError('ERR_AUDIT_KUBERNETES', `The secret could not be read: ${what}; ${advice}.`);
}

/**
 * Describes a foreign error by its code or class only, since its message may quote a credential.
 *
 * @param thrown the error
 */
export function reasonOf(thrown: unknown): string {
  const { code, cause, name } = thrown as { code?: unknown; cause?: { code?: unknown }; name?: unknown };
  return String(code ?? cause?.code ?? name ?? 'unknown');
}

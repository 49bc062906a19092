import { AuditError } from '@auditlogin/core';

/**
 * The error of every failure on the way to a secret.
 *
 * @param what what was seen
 * @param advice what to do about it
 */
export function problem(what: string, advice: string): AuditError {
  return new AuditError('ERR_AUDIT_KUBERNETES', `The secret could not be read: ${what}; ${advice}.`);
}

/**
 * What may be told of an error of somebody else's: a code or a kind. Its message can quote a credential.
 *
 * @param thrown the error
 */
export function reasonOf(thrown: unknown): string {
  const { code, cause, name } = thrown as { code?: unknown; cause?: { code?: unknown }; name?: unknown };
  return String(code ?? cause?.code ?? name ?? 'unknown');
}

import { AuditError } from '../errors.js';

/**
 * Reads from the application's request. That may run getters of the application inside listeners of this package, where an exception would end the
 * process. An exception is reported instead, and the event lacks the value.
 *
 * @param problem called with the report
 * @param otherwise the result if reading throws
 * @param look reads the value
 */
export function shielded<T>(problem: (error: AuditError) => void, otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (thrown) {
    const kind = thrown instanceof Error ? thrown.name : typeof thrown;
    problem(
      new AuditError('ERR_AUDIT_EXTRACTOR', `Looking at a request threw (${kind}); its event lacks the values that could not be read.`),
    );
    return otherwise;
  }
}

import { AuditError } from '../errors.js';

/**
 * Asks the application's request. What it asks runs getters of the application, in our listeners, where an error would end the process: it costs the
 * event that part instead.
 *
 * @param problem takes the report
 * @param otherwise what counts if it throws
 * @param look asks
 */
export function shielded<T>(problem: (error: AuditError) => void, otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (thrown) {
    const kind = thrown instanceof Error ? thrown.name : typeof thrown;
    problem(new AuditError('ERR_AUDIT_EXTRACTOR', `Looking at a request threw (${kind}); its event lacks what would have been seen.`));
    return otherwise;
  }
}

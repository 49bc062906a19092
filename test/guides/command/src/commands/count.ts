import { logPages } from '@auditlogin/core/log';
import { connectionIn, type ConnectionFlags, numberIn } from '../flags.js';
import { table } from '../table.js';

/** The flags of `auditlogin count`. */
export interface CountFlags extends ConnectionFlags {
  query: string;
  timeout: string;
  json?: true;
}

/**
 * Counts the events of a log by their outcome.
 *
 * @param flags the command line's flags
 * @throws AuditError if the configuration is incomplete or the log cannot be read
 */
export async function count(flags: CountFlags): Promise<void> {
  const connection = await connectionIn(flags);
  const timeout = numberIn('timeout', flags.timeout, 1, 999_999);
  const counts = new Map<string, number>();
  for await (const page of logPages({ ...connection, query: flags.query, timeout })) {
    for (const { event } of page) {
      const outcome = event.fields?.['outcome'] ?? 'none';
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
  }
  console.log(flags.json ? JSON.stringify(Object.fromEntries(counts)) : table(['outcome', 'events'], [...counts]));
}

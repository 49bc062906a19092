import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Condition } from '../store/condition.js';
import type { Cursor } from '../store/cursor.js';
import type { StoredEvent } from '../store/log-reader.js';
import type { Scope } from '../store/scope.js';
import type { Store } from '../store/store.js';

const PAGE = 500;

/**
 * Reads all events that match, a page at a time, so that other requests are answered in between.
 *
 * @param store the events
 * @param scope what may be seen
 * @param condition what is searched
 * @param order newest or oldest first
 */
export async function* readAll(
  store: Store,
  scope: Scope,
  condition: Condition,
  order: 'newest' | 'oldest',
): AsyncGenerator<StoredEvent[]> {
  let from: Cursor | undefined;
  for (;;) {
    const { events, hasMore } = store.find(scope, condition, PAGE, order, from);
    if (events.length > 0) yield events;
    if (!hasMore) return;
    from = events.at(-1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A line of an export: the event as it was sent, with its receipt. */
export interface ExportLine {
  id: string;
  hash: string;
  /** In ISO 8601. */
  received: string;
  event: StoredEvent['event'];
}

/**
 * Writes all events that match, oldest first, as one JSON object per line (NDJSON).
 *
 * @param store the events
 * @param scope what may be seen
 * @param condition what is searched
 * @param output is ended after the last line
 */
export async function writeLines(
  store: Store,
  scope: Scope,
  condition: Condition,
  output: Writable & { type?: (type: string) => unknown },
): Promise<void> {
  output.type?.('application/x-ndjson');
  for await (const events of readAll(store, scope, condition, 'oldest')) {
    const lines = events.map((event) => `${JSON.stringify(lineOf(event))}\n`).join('');
    if (output.destroyed) return;
    if (!output.write(lines)) await Promise.race([once(output, 'drain'), once(output, 'close')]);
  }
  output.end();
}

/**
 * An event as a line of an export.
 *
 * @param stored the event
 */
export function lineOf({ id, hash, received, event }: StoredEvent): ExportLine {
  return { id, hash, received: new Date(received).toISOString(), event };
}

import { type AuditError, type AuditEvent, type Auditor, type AuditorOptions, createAuditor, eventHash } from '@auditlogin/core';
import type { Transport } from '@auditlogin/core/engine';

/** An auditor that keeps its events in memory and sends nothing. */
export interface RecordingAuditor extends Auditor {
  /** The events so far, parsed from the JSON that would be sent. Attempts are recorded after their response: see `settled()`. */
  readonly events: readonly AuditEvent[];
  /** The errors that were reported, for example by failing extractors. */
  readonly problems: readonly AuditError[];
  /** Forgets events and problems. */
  clear(): void;
  /**
   * Waits for events, which are recorded after the response.
   *
   * @param count the number of events to wait for
   * @param timeout how long to wait, in milliseconds; default 2000
   * @returns the events since the last `clear()`; after the time-out they may be fewer than `count`
   */
  settled(count: number, timeout?: number): Promise<readonly AuditEvent[]>;
}

const POLL = 2;
const SILENT = { warn: () => undefined, error: () => undefined };

/**
 * Creates an auditor for tests. It composes, checks, queues and verifies events like a real one; only the server is replaced by one in memory.
 *
 * @param options options of createAuditor() that affect the event and the spool; the spool defaults to memory
 */
export function recordingAuditor(
  options: Pick<AuditorOptions, 'component' | 'version' | 'typedIdentity' | 'identityKey' | 'durability' | 'spool'> = {},
): RecordingAuditor {
  let events: AuditEvent[] = [];
  let problems: AuditError[] = [];
  let count = 0;
  const transport: Transport = {
    send(batch) {
      const received = batch.map(({ body }) => JSON.parse(body) as AuditEvent);
      events.push(...received);
      const receipts = received.map((event) => {
        const id = `recorded-${(count += 1)}`;
        return { id, hash: eventHash(id, event) };
      });
      return Promise.resolve({ kind: 'accepted', receipts });
    },
    find: () => Promise.resolve({ kind: 'searched', receipts: new Map() }),
    close: () => Promise.resolve(),
  };
  const connection = { apiBase: 'http://recording.invalid', project: 'recording', token: 'recording' };
  const auditor = createAuditor(
    { spool: { kind: 'memory' }, ...options, ...connection, logger: SILENT, onError: (error) => problems.push(error) },
    { transport },
  );
  return {
    ...auditor,
    get events() {
      return events;
    },
    get problems() {
      return problems;
    },
    clear() {
      events = [];
      problems = [];
    },
    async settled(wanted, timeout = 2_000) {
      const due = Date.now() + timeout;
      while (events.length < wanted && Date.now() < due) await new Promise((resolve) => setTimeout(resolve, POLL));
      await auditor.flush();
      return events;
    },
  };
}

import type { AuditError } from '../errors.js';
import type { AuditEvent } from '../event/event.js';
import type { Settings } from '../config/options.js';
import type { CheckedReceipt } from '../publish/receipt.js';

/** Passes events and errors to the application's logger and callbacks. An exception in a callback is logged and otherwise ignored. */
export interface Reporter {
  receipt(checked: CheckedReceipt): void;
  drop(event: AuditEvent, error: AuditError, fate: DropFate): void;
  retry(error: AuditError, wait: number, waiting: number): void;
  problem(error: AuditError): void;
  /** Logs a recommendation about the configuration, once for each key. */
  advise(key: string, message: string): void;
}

/** Why an event is not published. */
type DropFate = 'lost' | 'set aside';

/** Losses are logged at most once in this period, in milliseconds, with their number. */
const DROP_LOG_PERIOD = 10_000;
/** The most recommendations, since a scanner that requests many paths must not fill the memory. */
const MAX_ADVICE = 1_000;

/**
 * Creates the reporter of an auditor.
 *
 * @param settings logger and callbacks
 */
export function createReporter(settings: Pick<Settings, 'logger' | 'onReceipt' | 'onDrop' | 'onMismatch' | 'onError'>): Reporter {
  const unlogged = { lost: 0, 'set aside': 0 };
  const quietUntil = { lost: 0, 'set aside': 0 };
  const advised = new Set<string>();

  /** Calls a callback of the application, and logs its error if it throws or rejects. */
  function call<A extends unknown[]>(callback: ((...args: A) => unknown) | undefined, ...args: A): void {
    guarded(
      () => callback?.(...args),
      (thrown) => log('error', { callback: callback?.name }, `a callback threw ${thrown}`),
    );
  }

  function log(level: 'warn' | 'error', details: object, message: string): void {
    guarded(
      () => settings.logger[level](details, message),
      () => undefined,
    );
  }

  return {
    receipt(checked) {
      if (checked.verdict === 'mismatched') {
        const { id } = checked.receipt;
        log(
          'error',
          { code: 'ERR_AUDIT_HASH_MISMATCH', id, external_id: checked.event.external_id },
          `ERR_AUDIT_HASH_MISMATCH: the server's hash of event ${JSON.stringify(id)} is not the hash of the event that was sent`,
        );
        call(settings.onMismatch, checked);
      }
      call(settings.onReceipt, checked);
    },
    drop(event, error, fate) {
      const count = (unlogged[fate] += 1);
      const now = performance.now();
      if (now >= quietUntil[fate]) {
        const message = `${error.code}: ${count} ${count === 1 ? 'event' : 'events'} ${fate}: ${error.message}`;
        log('error', { code: error.code, count, fate }, message);
        unlogged[fate] = 0;
        quietUntil[fate] = now + DROP_LOG_PERIOD;
      }
      call(settings.onDrop, event, error);
    },
    retry(error, wait, waiting) {
      log('warn', { code: error.code, wait, waiting }, `${error.code}: ${error.message} ${waiting} events wait; next try in ${wait} ms`);
      call(settings.onError, error);
    },
    problem(error) {
      log('error', { code: error.code }, `${error.code}: ${error.message}`);
      call(settings.onError, error);
    },
    advise(key, message) {
      if (advised.has(key) || advised.size >= MAX_ADVICE) return;
      advised.add(key);
      log('warn', {}, message);
    },
  };
}

/** Runs code of the application, which may throw or return a promise that rejects. */
function guarded(run: () => unknown, failed: (kind: string) => void): void {
  const fail = (thrown: unknown): void => failed(thrown instanceof Error ? thrown.name : 'something');
  try {
    const result = run();
    if (result instanceof Promise) result.catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
}

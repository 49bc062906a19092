import type { AuditError } from '../errors.js';
import type { AuditEvent } from '../event/event.js';
import type { Settings } from '../config/options.js';
import type { CheckedReceipt } from '../publish/receipt.js';

/** Tells the application's logger and callbacks what happens; a callback that throws harms nothing. */
export interface Reporter {
  receipt(checked: CheckedReceipt): void;
  drop(event: AuditEvent, error: AuditError, fate: DropFate): void;
  retry(error: AuditError, wait: number, waiting: number): void;
  problem(error: AuditError): void;
}

/** What became of an event that is not published. */
type DropFate = 'lost' | 'set aside';

/** A flood of losses is logged in one line a period, in milliseconds, with its count. */
const DROP_LOG_PERIOD = 10_000;

/**
 * Creates the reporter of an auditor.
 *
 * @param settings its logger and callbacks
 */
export function createReporter(settings: Pick<Settings, 'logger' | 'onReceipt' | 'onDrop' | 'onMismatch' | 'onError'>): Reporter {
  const { logger } = settings;
  const unlogged = { lost: 0, 'set aside': 0 };
  const quietUntil = { lost: 0, 'set aside': 0 };

  function call<A extends unknown[]>(callback: ((...args: A) => void) | undefined, ...args: A): void {
    try {
      callback?.(...args);
    } catch (thrown) {
      logger.error(
        { callback: callback?.name },
        `a callback of the application threw ${thrown instanceof Error ? thrown.name : 'something'}`,
      );
    }
  }

  return {
    receipt(checked) {
      if (checked.verdict === 'mismatched') {
        const { id } = checked.receipt;
        logger.error(
          { code: 'ERR_AUDIT_HASH_MISMATCH', id, external_id: checked.event.external_id },
          `ERR_AUDIT_HASH_MISMATCH: the server's hash of event ${JSON.stringify(id)} is not the hash of what was sent`,
        );
        call(settings.onMismatch, checked);
      }
      call(settings.onReceipt, checked);
    },
    drop(event, error, fate) {
      const count = (unlogged[fate] += 1);
      const now = Date.now();
      if (now >= quietUntil[fate]) {
        logger.error(
          { code: error.code, count, fate },
          `${error.code}: ${count} ${count === 1 ? 'event' : 'events'} ${fate}: ${error.message}`,
        );
        unlogged[fate] = 0;
        quietUntil[fate] = now + DROP_LOG_PERIOD;
      }
      call(settings.onDrop, event, error);
    },
    retry(error, wait, waiting) {
      logger.warn({ code: error.code, wait, waiting }, `${error.code}: ${error.message} ${waiting} events wait; next try in ${wait} ms`);
      call(settings.onError, error);
    },
    problem(error) {
      logger.error({ code: error.code }, `${error.code}: ${error.message}`);
      call(settings.onError, error);
    },
  };
}

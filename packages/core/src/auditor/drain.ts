import { AuditError } from '../errors.js';
import type { SerialisedEvent } from '../event/serialise.js';
import type { Publisher } from '../publish/publisher.js';
import type { CoalescingSpool } from '../spool/spool.js';
import type { Intake } from './intake.js';

/** Waits until a spool is empty, for `flush()` and `close()`. */
export class Drain {
  /**
   * @param spool the spool to drain
   * @param intake appends events to the spool
   * @param publisher publishes the events of the spool
   * @param hurry records the exchanges that are being observed
   */
  constructor(
    private readonly spool: CoalescingSpool,
    private readonly intake: Intake,
    private readonly publisher: Publisher,
    private readonly hurry: () => void,
  ) {}

  /** Whether an event waits in the spool or is about to be appended. */
  isPending(): boolean {
    const { events, coalesced } = this.spool.size();
    return events + coalesced > 0 || this.intake.isBusy();
  }

  /**
   * Waits until everything queued so far is published or set aside.
   *
   * @param timeout in milliseconds
   * @throws AuditError `ERR_AUDIT_TIMEOUT` if it takes longer
   */
  async flush(timeout: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, timeout, 'late')));
    const first = await Promise.race([this.empty(), late]).finally(() => clearTimeout(timer));
    if (first === 'late') {
      throw new AuditError('ERR_AUDIT_TIMEOUT', `${this.spool.size().events} events still wait after ${timeout} ms.`);
    }
  }

  /**
   * Gives up the events that wait in memory, which are lost with the process.
   *
   * @param lost called with each event
   */
  async abandon(lost: (event: SerialisedEvent, error: AuditError) => void): Promise<void> {
    const error = new AuditError('ERR_AUDIT_CLOSED', 'The auditor was closed before the event was published.');
    for (let left = await this.spool.peek(1000); left.length > 0; left = await this.spool.peek(1000)) {
      for (const event of left) {
        await this.spool.deadLetter(event, error.message);
        lost(event, error);
      }
    }
  }

  private async empty(): Promise<void> {
    this.hurry();
    await this.intake.idle();
    await this.spool.coalesced(0);
    while (this.spool.size().coalesced > 0) {
      await this.publisher.drained();
      await this.intake.replaceCoalesced(Number.MAX_SAFE_INTEGER);
    }
    await this.publisher.drained();
  }
}

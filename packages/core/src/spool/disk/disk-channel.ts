import { Worker } from 'node:worker_threads';
import { AuditError } from '../../errors.js';
import type { DiskAnswers, DiskFailure, DiskQuestion, DiskReply, DiskRequest, DiskState, DiskWorkerData } from './disk-protocol.js';
import type { LedgerEntry } from './ledger.js';
import type { SpoolChange } from './spool-file.js';
import workerFile from './worker-path.cjs';

/** The time-out of the requests in one message. */
interface Deadline {
  timer: NodeJS.Timeout;
  missing: number;
}

interface Waiter {
  resolve(value: never): void;
  reject(error: AuditError): void;
  deadline?: Deadline;
}

type Content = { change: SpoolChange; receipts?: LedgerEntry[] } | DiskQuestion;

/** Sends requests to the worker of a spool. The requests of one turn of the event loop are sent in one message. */
export class DiskChannel {
  private readonly waiters = new Map<number, Waiter>();
  private outbox: (() => DiskRequest)[] = [];
  private lastNumber = 0;
  private failure: AuditError | undefined;

  private constructor(
    private readonly worker: Worker,
    private readonly commitTimeout: number,
  ) {
    worker.unref();
    worker.on('message', (reply: DiskReply) => {
      if ('answers' in reply) for (const { n, error, result } of reply.answers) this.answer(n, error, result);
    });
    worker.on('error', (error) => this.fail(`its worker ended: ${error.message}`));
    worker.on('exit', () => this.fail('its worker ended'));
  }

  /**
   * Starts the worker.
   *
   * @param workerData files and bounds of the spool
   * @param commitTimeout how long the worker may take to answer, in milliseconds
   * @returns the channel, and the contents of the spool
   * @throws AuditError `ERR_AUDIT_SPOOL` if the worker does not start
   */
  static async open(workerData: DiskWorkerData, commitTimeout: number): Promise<{ channel: DiskChannel; state: DiskState }> {
    if (workerFile.workerPath === undefined) {
      const text =
        'The spool on disk needs disk-worker.js of @auditlogin/core, which is not part of this bundle: keep "@auditlogin/core" external.';
      throw new AuditError('ERR_AUDIT_SPOOL', text);
    }
    // Modules that the application preloads by flags are not loaded into this worker.
    const worker = new Worker(workerFile.workerPath, { workerData, execArgv: [] });
    const state = await started(worker);
    return { channel: new DiskChannel(worker, commitTimeout), state };
  }

  /** The error that every further request is rejected with; undefined while the channel works. */
  get broken(): AuditError | undefined {
    return this.failure;
  }

  /**
   * Requests a change.
   *
   * @param what returns the change; called when the message is sent
   * @returns a promise that resolves when the change is on disk, to the position of the first event that it added, or 0
   */
  change(what: () => { change: SpoolChange; receipts?: LedgerEntry[] }): Promise<number> {
    return this.request(what);
  }

  ask<Q extends DiskQuestion>(question: Q): Promise<DiskAnswers[Q['ask']]> {
    return this.request(() => question);
  }

  async close(): Promise<void> {
    if (this.failure) return;
    await this.ask({ ask: 'close' });
    this.failure = new AuditError('ERR_AUDIT_CLOSED', 'The spool is closed.');
    await this.worker.terminate();
  }

  private request<T>(what: () => Content): Promise<T> {
    if (this.failure) return Promise.reject(this.failure);
    const n = (this.lastNumber += 1);
    return new Promise<T>((resolve, reject) => {
      // Keeps the process alive until the answer is there. An idle worker does not.
      if (this.waiters.size === 0) this.worker.ref();
      this.waiters.set(n, { resolve, reject });
      if (this.outbox.push(() => ({ n, ...what() })) === 1) setImmediate(() => this.post());
    });
  }

  /** Sends all requests of a turn in one message with one timer, since each message costs time. */
  private post(): void {
    const messages = this.outbox.map((message) => message());
    this.outbox = [];
    const error: DiskFailure = {
      code: 'ERR_AUDIT_SPOOL',
      message: `The spool's disk did not respond within ${this.commitTimeout} ms.`,
    };
    const timer = setTimeout(() => messages.forEach(({ n }) => this.answer(n, error, undefined)), this.commitTimeout).unref();
    const deadline: Deadline = { timer, missing: messages.length };
    for (const { n } of messages) {
      const waiter = this.waiters.get(n);
      if (waiter) waiter.deadline = deadline;
    }
    this.worker.postMessage(messages);
  }

  private answer(n: number, error: DiskFailure | undefined, result: unknown): void {
    const waiter = this.waiters.get(n);
    if (!waiter) return;
    this.waiters.delete(n);
    if (waiter.deadline && (waiter.deadline.missing -= 1) === 0) clearTimeout(waiter.deadline.timer);
    if (this.waiters.size === 0) this.worker.unref();
    if (error) waiter.reject(new AuditError(error.code, error.message));
    else waiter.resolve(result as never);
  }

  private fail(why: string): void {
    this.failure ??= new AuditError('ERR_AUDIT_SPOOL', `The spool cannot be used: ${why}.`);
    for (const n of [...this.waiters.keys()]) this.answer(n, this.failure, undefined);
  }
}

async function started(worker: Worker): Promise<DiskState> {
  const reply = await new Promise<DiskReply>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error) => reject(new AuditError('ERR_AUDIT_SPOOL', `The spool's worker did not start: ${error.message}.`)));
  });
  if ('ready' in reply) return reply.ready;
  await worker.terminate();
  const { code, message } = (reply as { failed: DiskFailure }).failed;
  throw new AuditError(code, message);
}

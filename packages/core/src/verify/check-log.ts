import type { ReadBackEvent } from '../retraced/read-back.js';
import { eventHash } from '../event/hash.js';
import { checkSeal, type Seal, sealedText, type SealKey, sealOf, type SealVerdict, timeOfId } from '../event/seal.js';
import type { LedgerEntry } from '../spool/disk/ledger.js';

/** The kinds of faults that a check can find. */
export const FAULTS = ['altered', 'missing', 'reordered', 'duplicated', 'foreign', 'unsealed'] as const;

export type Fault = (typeof FAULTS)[number];

/** One fault. */
export interface Finding {
  fault: Fault;
  /** Description for people. */
  what: string;
  /** The server's id of the event, if it is known. */
  id?: string | undefined;
  externalId?: string | undefined;
  instance?: string | undefined;
  seq?: number | undefined;
}

/** The result of a check. */
export interface Report {
  counts: Record<Fault | 'verified' | 'on_the_way' | 'set_aside', number>;
  findings: Finding[];
  /** Number of instances with sealed events in the log. */
  instances: number;
}

/** An event that is still in the application's spool. */
export interface LocalEvent {
  externalId: string;
  instance?: string | undefined;
  seq?: number | undefined;
  isSetAside: boolean;
}

/** The log, and the records it is checked against. */
export interface LogEvidence {
  /** The log, in any order. */
  events: readonly ReadBackEvent[];
  /** Every key that was ever used to seal. */
  keys: readonly SealKey[];
  /** The receipts in the ledgers; empty if there is no ledger. */
  receipts: readonly LedgerEntry[];
  /** Events in local spools that still wait to be sent or were set aside. */
  pending: readonly LocalEvent[];
  /** Milliseconds since 1970. */
  now: number;
  /** How long after its receipt an event may be missing because the server has not indexed it yet, in milliseconds. */
  grace: number;
  /** If only part of the log was read: the range of `received` times, in milliseconds since 1970. */
  window?: { from?: number | undefined; to?: number | undefined };
  /**
   * If only the events that match a query were read: the events that {@link receiptsOutside} were looked up as, by their `external_id`. Positions that a
   * part leaves out are not missing.
   */
  outside?: readonly ReadBackEvent[] | undefined;
}

/** An event in the chain of its instance. */
interface Link {
  seq: number;
  seal: string;
  prev: string | undefined;
  read: ReadBackEvent;
  /** Time of the event, in milliseconds since 1970; NaN if it is not known. */
  time: number;
}

/**
 * Checks a log: the seal of every event, the chain of every instance, and every receipt in the ledgers.
 *
 * @param evidence the log and the records it is checked against
 */
export function checkLog(evidence: LogEvidence): Report {
  return new LogCheck(evidence).run();
}

/**
 * Lists the receipts whose events are not among those that were read, although they were received in the window.
 *
 * @param evidence the log and the records it is checked against
 */
export function receiptsOutside({ events, receipts, window }: Pick<LogEvidence, 'events' | 'receipts' | 'window'>): LedgerEntry[] {
  const inLog = new Set(events.map(({ id }) => id));
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = window ?? {};
  return receipts.filter(({ at, receiptId }) => at >= from && at < to && !inLog.has(receiptId));
}

class LogCheck {
  readonly #evidence: LogEvidence;
  readonly #counts: Report['counts'] = {
    verified: 0,
    altered: 0,
    missing: 0,
    reordered: 0,
    duplicated: 0,
    foreign: 0,
    unsealed: 0,
    on_the_way: 0,
    set_aside: 0,
  };
  readonly #findings: Finding[] = [];
  /** The events by their id in the log. */
  readonly #events = new Map<string, ReadBackEvent>();
  /** The event that each `external_id` belongs to; others with the same one are copies of it, or forged. */
  readonly #genuine = new Map<string, ReadBackEvent>();
  /** Server ids of the events with a fault. */
  readonly #faulty = new Set<string>();
  readonly #receipts: ReadonlyMap<string, LedgerEntry>;
  readonly #pendingByPosition: ReadonlyMap<string, LocalEvent>;
  readonly #receiptPositions: ReadonlySet<string>;
  readonly #receiptsByExternalId: ReadonlyMap<string, LedgerEntry>;
  readonly #chains = new Map<string, Map<number, Link>>();
  /** Positions in a chain whose events are in the log but were altered. */
  readonly #alteredPositions = new Set<string>();

  constructor(evidence: LogEvidence) {
    const { receipts, pending } = evidence;
    this.#evidence = evidence;
    this.#receipts = new Map(receipts.map((receipt) => [receipt.receiptId, receipt]));
    this.#pendingByPosition = new Map(pending.map((event) => [positionName(event.instance, event.seq), event]));
    this.#receiptsByExternalId = new Map(receipts.map((receipt) => [receipt.externalId, receipt]));
    this.#receiptPositions = new Set(receipts.map(({ instance, sealSeq }) => positionName(instance, sealSeq)));
  }

  run(): Report {
    for (const read of this.#evidence.events) this.#addEvent(read);
    for (const read of this.#events.values()) this.#chooseGenuine(read);
    const invalid = [...this.#events.values()].filter((read) => this.#isAlone(read) && this.#checkEvent(read) === 'invalid');
    // Invalid seals are classified last: whether a position in a chain is free is known only when all valid events are in their chains.
    for (const read of invalid) this.#findInvalidSeal(read);
    for (const [instance, links] of this.#chains) this.#followChain(instance, links);
    this.#findReceipts();
    this.#counts.verified = [...this.#events.keys()].filter((id) => !this.#faulty.has(id)).length;
    return { counts: this.#counts, findings: this.#findings, instances: this.#chains.size };
  }

  #find(fault: Fault, what: string, read: ReadBackEvent): void {
    const seal = sealOf(read.event);
    this.#add({ fault, what, id: read.id, externalId: read.event.external_id, instance: seal?.instance, seq: seal?.seq });
    this.#faulty.add(read.id);
    if (fault !== 'altered') return;
    const receipt = this.#receipts.get(read.id);
    this.#alteredPositions.add(positionName(seal?.instance, seal?.seq));
    this.#alteredPositions.add(positionName(receipt?.instance, receipt?.sealSeq));
  }

  #add(finding: Finding): void {
    this.#counts[finding.fault] += 1;
    this.#findings.push(finding);
  }

  #countPending({ isSetAside }: { isSetAside: boolean }): void {
    this.#counts[isSetAside ? 'set_aside' : 'on_the_way'] += 1;
  }

  #addEvent(read: ReadBackEvent): void {
    const first = this.#events.get(read.id);
    if (!first) this.#events.set(read.id, read);
    else if (!isSame(first, read) && !this.#faulty.has(read.id))
      this.#find('altered', 'the log gives two different events under its id', read);
  }

  /** Of the events with the same `external_id`, the one that matches a receipt is genuine, then the one with a valid seal, then the first. */
  #chooseGenuine(read: ReadBackEvent): void {
    const externalId = read.event.external_id;
    if (externalId === undefined) return;
    const chosen = this.#genuine.get(externalId);
    if (!chosen || this.#trustIn(read) > this.#trustIn(chosen)) this.#genuine.set(externalId, read);
  }

  #trustIn({ id, event }: ReadBackEvent): number {
    const receipt = this.#receipts.get(id);
    if (receipt && eventHash(id, event) !== receipt.hash) return 0;
    return (receipt ? 2 : 0) + (checkSeal(event, this.#evidence.keys) === 'valid' ? 4 : 1);
  }

  /** Whether an event is no copy of another one. A copy says the same; an event that says something else under the same `external_id` is foreign. */
  #isAlone(read: ReadBackEvent): boolean {
    const { id, event } = read;
    const genuine = this.#genuine.get(event.external_id ?? '');
    const own = this.#receipts.get(id);
    if (own && eventHash(id, event) !== own.hash) {
      this.#find('altered', 'its hash differs from the hash in its receipt', read);
      return false;
    }
    if (genuine && genuine !== read) {
      if (isSame(genuine, read)) this.#find('duplicated', `the log has the same event under the id ${genuine.id}, too`, read);
      else this.#find('foreign', `it has the external_id of the event ${genuine.id}, but says something else`, read);
      return false;
    }
    return own !== undefined || this.#matchesReceipt(read);
  }

  /** Checks an event that has no receipt of its own against the receipt of its `external_id`, if there is one. */
  #matchesReceipt(read: ReadBackEvent): boolean {
    const receipt = this.#receiptsByExternalId.get(read.event.external_id ?? '');
    if (!receipt || eventHash(receipt.receiptId, read.event) === receipt.hash) return true;
    this.#find('foreign', `it has the external_id of the event ${receipt.receiptId}, but not the content of its receipt`, read);
    return false;
  }

  /** Checks the seal of an event. An event with a valid seal joins the chain of its instance. */
  #checkEvent(read: ReadBackEvent): SealVerdict {
    const { event } = read;
    const verdict = checkSeal(event, this.#evidence.keys);
    const seal = sealOf(event);
    if (verdict === 'unsealed') this.#find('unsealed', 'it has no seal', read);
    else if (verdict === 'unknown_key')
      this.#find('foreign', `its seal was made with key ${seal?.keyId}, which is not among the given keys`, read);
    else if (verdict === 'valid' && seal) this.#chain(read, seal);
    return verdict;
  }

  /** Classifies an event with an invalid seal. If its position in the chain is free, the event is ours and was altered; otherwise somebody else added it. */
  #findInvalidSeal(read: ReadBackEvent): void {
    const seal = sealOf(read.event);
    const chain = this.#chains.get(seal?.instance ?? '');
    const hasReceipt = this.#receipts.has(read.id) || this.#receiptsByExternalId.has(read.event.external_id ?? '');
    const isOurs = hasReceipt || (seal !== undefined && chain !== undefined && !chain.has(seal.seq));
    this.#find(isOurs ? 'altered' : 'foreign', 'its seal does not match its content', read);
  }

  #chain(read: ReadBackEvent, { instance, seq, seal, prev }: Seal): void {
    const { event, created } = read;
    const links = this.#chains.get(instance) ?? new Map<number, Link>();
    this.#chains.set(instance, links);
    if (links.has(seq)) return this.#find('foreign', `another event has position ${seq} of its instance`, read);
    const time = timeOfId(event.external_id) ?? Date.parse(event.fields?.['seal_time'] ?? '');
    links.set(seq, { seq, seal, prev, read, time });
    if (created !== undefined && !Number.isNaN(time) && secondsOf(Date.parse(created)) !== secondsOf(time)) {
      this.#find('reordered', `the log gives its time as ${created}, its seal as ${new Date(time).toISOString()}`, read);
    }
  }

  #followChain(instance: string, links: Map<number, Link>): void {
    let previous: Link | undefined;
    for (const link of [...links.values()].sort((a, b) => a.seq - b.seq)) {
      for (let seq = (previous?.seq ?? 0) + 1; seq < link.seq; seq += 1) this.#checkGap(instance, seq, previous, link);
      if (previous && link.seq === previous.seq + 1 && link.prev !== previous.seal) {
        this.#find('reordered', 'the previous seal named in it is not the seal of the previous event', link.read);
      }
      previous = link;
    }
  }

  #checkGap(instance: string, seq: number, before: Link | undefined, after: Link): void {
    const position = positionName(instance, seq);
    if (this.#alteredPositions.has(position)) return;
    const { window, now, grace, outside } = this.#evidence;
    if (outside) return;
    // Events before the first one of a window may exist without having been read.
    if (window?.from !== undefined && before === undefined) return;
    const pending = this.#pendingByPosition.get(position);
    if (pending) return this.#countPending(pending);
    // An event with a receipt is reported by that receipt, which identifies it better than a gap does.
    if (this.#receiptPositions.has(position)) return;
    if (now - after.time <= grace) return this.#countPending({ isSetAside: false });
    this.#add({ fault: 'missing', what: `no event has position ${seq} of its instance`, instance, seq });
  }

  /** Reports the events that have a receipt and are not in the log. */
  #findReceipts(): void {
    const { pending, outside = [] } = this.#evidence;
    const pendingById = new Map(pending.map((event) => [event.externalId, event]));
    const outsideById = new Map(outside.map((read) => [read.id, read]));
    for (const receipt of receiptsOutside(this.#evidence)) {
      const read = outsideById.get(receipt.receiptId);
      if (!read) this.#findMissing(receipt, pendingById.get(receipt.externalId));
      else if (eventHash(read.id, read.event) !== receipt.hash)
        this.#find('altered', 'its hash differs from the hash in its receipt', read);
    }
  }

  #findMissing({ receiptId, externalId, at, instance, sealSeq }: LedgerEntry, pending: LocalEvent | undefined): void {
    const { now, grace } = this.#evidence;
    if (pending) return this.#countPending(pending);
    if (now - at <= grace) return this.#countPending({ isSetAside: false });
    const what = 'the server gave a receipt for it, but the log does not contain it';
    this.#add({ fault: 'missing', what, id: receiptId, externalId, instance, seq: sealSeq });
  }
}

function isSame(one: ReadBackEvent, other: ReadBackEvent): boolean {
  return sealedText(one.event) === sealedText(other.event);
}

function secondsOf(time: number): number {
  return Math.floor(time / 1000);
}

/** Names a position in a chain; empty for an event without a seal. */
function positionName(instance: string | undefined, seq: number | undefined): string {
  return instance === undefined ? '' : `${instance}#${seq}`;
}

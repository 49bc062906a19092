import type { ReadBackEvent } from '../retraced/read-back.js';
import { eventHash } from '../event/hash.js';
import { checkSeal, type Seal, type SealKey, sealOf, type SealVerdict, timeOfId } from '../event/seal.js';
import type { LedgerEntry } from '../spool/disk/ledger.js';

/** What can be wrong with a log. */
export const FAULTS = ['altered', 'missing', 'reordered', 'duplicated', 'foreign', 'unsealed'] as const;

export type Fault = (typeof FAULTS)[number];

/** One thing that is wrong. */
export interface Finding {
  fault: Fault;
  /** What is wrong, for people. */
  what: string;
  /** The id that the server gave, if it is known. */
  id?: string | undefined;
  externalId?: string | undefined;
  instance?: string | undefined;
  seq?: number | undefined;
}

/** What was found. */
export interface Report {
  counts: Record<Fault | 'verified' | 'on_the_way' | 'set_aside', number>;
  findings: Finding[];
  /** How many instances sealed events that are in the log. */
  instances: number;
}

/** An event that the application still has, in its spool. */
export interface LocalEvent {
  externalId: string;
  instance?: string | undefined;
  seq?: number | undefined;
  isSetAside: boolean;
}

/** What a log is checked against. */
export interface LogEvidence {
  /** The log, in any order. */
  events: readonly ReadBackEvent[];
  /** All keys that were ever used to seal. */
  keys: readonly SealKey[];
  /** The receipts that were kept; empty if there is no ledger. */
  receipts: readonly LedgerEntry[];
  /** The events that still wait to be sent, or were set aside. */
  held: readonly LocalEvent[];
  /** Milliseconds since 1970. */
  now: number;
  /** How long after its receipt an event may be missing because the server has not indexed it yet, in milliseconds. */
  grace: number;
  /** The times of receipt between which the log was read, in milliseconds since 1970: older and newer events may exist. */
  window?: { from?: number | undefined; to?: number | undefined };
}

/** An event in the chain of its instance. */
interface Link {
  seq: number;
  seal: string;
  prev: string | undefined;
  read: ReadBackEvent;
  /** When it happened, in milliseconds since 1970; NaN if the event does not say. */
  time: number;
}

/**
 * Checks a log: the seal of each event, the chain of each instance, and each receipt that was kept.
 *
 * @param evidence the log, and what it is checked against
 */
export function checkLog(evidence: LogEvidence): Report {
  return new LogCheck(evidence).run();
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
  readonly #seen = new Map<string, ReadBackEvent>();
  /** Ids of the events in which something is wrong. */
  readonly #faulty = new Set<string>();
  readonly #receipts: ReadonlyMap<string, LedgerEntry>;
  readonly #heldByPlace: ReadonlyMap<string, LocalEvent>;
  readonly #receiptPlaces: ReadonlySet<string>;
  /** Our ids of the events that have a receipt. */
  readonly #receiptIds: ReadonlySet<string>;
  readonly #chains = new Map<string, Map<number, Link>>();
  /** Places in a chain whose events are in the log, but were altered. */
  readonly #alteredPlaces = new Set<string>();

  constructor(evidence: LogEvidence) {
    const { receipts, held } = evidence;
    this.#evidence = evidence;
    this.#receipts = new Map(receipts.map((receipt) => [receipt.receiptId, receipt]));
    this.#heldByPlace = new Map(held.map((event) => [placeName(event.instance, event.seq), event]));
    this.#receiptIds = new Set(receipts.map(({ externalId }) => externalId));
    this.#receiptPlaces = new Set(receipts.map(({ instance, sealSeq }) => placeName(instance, sealSeq)));
  }

  run(): Report {
    const { events } = this.#evidence;
    const invalid = events.filter((read) => !this.#isDuplicate(read) && this.#checkEvent(read) === 'invalid');
    // Whether an invalid seal is ours can be told only when all valid ones are in their chains.
    for (const read of invalid) this.#findInvalidSeal(read);
    for (const [instance, links] of this.#chains) this.#followChain(instance, links);
    this.#findReceipts();
    this.#counts.verified = events.filter(({ id }) => !this.#faulty.has(id)).length;
    return { counts: this.#counts, findings: this.#findings, instances: this.#chains.size };
  }

  #find(fault: Fault, what: string, read: ReadBackEvent): void {
    const seal = sealOf(read.event);
    this.#add({ fault, what, id: read.id, externalId: read.event.external_id, instance: seal?.instance, seq: seal?.seq });
    this.#faulty.add(read.id);
    if (fault !== 'altered') return;
    const receipt = this.#receipts.get(read.id);
    this.#alteredPlaces.add(placeName(seal?.instance, seal?.seq));
    this.#alteredPlaces.add(placeName(receipt?.instance, receipt?.sealSeq));
  }

  #add(finding: Finding): void {
    this.#counts[finding.fault] += 1;
    this.#findings.push(finding);
  }

  #countHeld({ isSetAside }: { isSetAside: boolean }): void {
    this.#counts[isSetAside ? 'set_aside' : 'on_the_way'] += 1;
  }

  /** Whether the `external_id` of an event was seen before. */
  #isDuplicate(read: ReadBackEvent): boolean {
    const externalId = read.event.external_id;
    if (externalId === undefined) return false;
    const first = this.#seen.get(externalId);
    if (first) this.#find('duplicated', `the same event is also there as ${first.id}`, read);
    else this.#seen.set(externalId, read);
    return first !== undefined;
  }

  /** Checks an event by its receipt and its seal. A valid seal brings it into the chain of its instance. */
  #checkEvent(read: ReadBackEvent): SealVerdict | undefined {
    const { event, id } = read;
    const receipt = this.#receipts.get(id);
    if (receipt && eventHash(id, event) !== receipt.hash) {
      this.#find('altered', 'its hash is not the one in the receipt that was kept', read);
      return undefined;
    }
    const verdict = checkSeal(event, this.#evidence.keys);
    const seal = sealOf(event);
    if (verdict === 'unsealed') this.#find('unsealed', 'it has no seal', read);
    else if (verdict === 'unknown_key') this.#find('foreign', `its seal is by key ${seal?.keyId}, which is not among the given ones`, read);
    else if (verdict === 'valid' && seal) this.#chain(read, seal);
    return verdict;
  }

  /** An invalid seal in a place that no other event has is on an event of ours that was altered; elsewhere it is on an event that is not ours. */
  #findInvalidSeal(read: ReadBackEvent): void {
    const seal = sealOf(read.event);
    const chain = this.#chains.get(seal?.instance ?? '');
    const hasReceipt = this.#receipts.has(read.id) || this.#receiptIds.has(read.event.external_id ?? '');
    const isOurs = hasReceipt || (seal !== undefined && chain !== undefined && !chain.has(seal.seq));
    this.#find(isOurs ? 'altered' : 'foreign', 'its seal is not that of its content', read);
  }

  #chain(read: ReadBackEvent, { instance, seq, seal, prev }: Seal): void {
    const { event, created } = read;
    const links = this.#chains.get(instance) ?? new Map<number, Link>();
    this.#chains.set(instance, links);
    if (links.has(seq)) return this.#find('duplicated', `place ${seq} of its instance is taken twice`, read);
    const time = timeOfId(event.external_id) ?? Date.parse(event.fields?.['seal_time'] ?? '');
    links.set(seq, { seq, seal, prev, read, time });
    if (created !== undefined && !Number.isNaN(time) && secondsOf(Date.parse(created)) !== secondsOf(time)) {
      this.#find('reordered', `the log says that it happened at ${created}, its seal ${new Date(time).toISOString()}`, read);
    }
  }

  #followChain(instance: string, links: Map<number, Link>): void {
    let previous: Link | undefined;
    for (const link of [...links.values()].sort((a, b) => a.seq - b.seq)) {
      for (let seq = (previous?.seq ?? 0) + 1; seq < link.seq; seq += 1) this.#checkGap(instance, seq, previous, link);
      if (previous && link.seq === previous.seq + 1 && link.prev !== previous.seal) {
        this.#find('reordered', 'the seal before it is not that of the event before it', link.read);
      }
      previous = link;
    }
  }

  #checkGap(instance: string, seq: number, before: Link | undefined, after: Link): void {
    const place = placeName(instance, seq);
    if (this.#alteredPlaces.has(place)) return;
    const { window, now, grace } = this.#evidence;
    // Before the first event of a window there may be others that were not read.
    if (window?.from !== undefined && before === undefined) return;
    const held = this.#heldByPlace.get(place);
    if (held) return this.#countHeld(held);
    // The receipt of an event says more about it than the gap.
    if (this.#receiptPlaces.has(place)) return;
    if (now - after.time <= grace) return this.#countHeld({ isSetAside: false });
    this.#add({ fault: 'missing', what: `place ${seq} of its instance is empty`, instance, seq });
  }

  /** Finds the events that have a receipt and are not in the log. */
  #findReceipts(): void {
    const { events, receipts, held, window } = this.#evidence;
    const inLog = new Set(events.map(({ id }) => id));
    const heldById = new Map(held.map((event) => [event.externalId, event]));
    const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = window ?? {};
    for (const receipt of receipts) {
      const wasRead = receipt.at >= from && receipt.at < to;
      if (wasRead && !inLog.has(receipt.receiptId)) this.#findMissing(receipt, heldById.get(receipt.externalId));
    }
  }

  #findMissing({ receiptId, externalId, at, instance, sealSeq }: LedgerEntry, held: LocalEvent | undefined): void {
    const { now, grace } = this.#evidence;
    if (held) return this.#countHeld(held);
    if (now - at <= grace) return this.#countHeld({ isSetAside: false });
    const what = 'the server gave a receipt for it, and does not have it';
    this.#add({ fault: 'missing', what, id: receiptId, externalId, instance, seq: sealSeq });
  }
}

function secondsOf(time: number): number {
  return Math.floor(time / 1000);
}

/** The name of a place in a chain; empty for an event without a seal. */
function placeName(instance: string | undefined, seq: number | undefined): string {
  return instance === undefined ? '' : `${instance}#${seq}`;
}

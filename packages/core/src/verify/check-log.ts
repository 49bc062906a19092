import type { ReadBackEvent } from '../retraced/read-back.js';
import { eventHash } from '../event/hash.js';
import { checkSeal, type SealKey, sealOf, timeOfId } from '../event/seal.js';
import type { LedgerEntry } from '../spool/disk/ledger.js';

/** What can be wrong with a log. */
export const FAULTS = ['altered', 'missing', 'reordered', 'duplicated', 'foreign', 'unsealed'] as const;

export type Fault = (typeof FAULTS)[number];

/** One thing that is wrong. */
export interface Finding {
  fault: Fault;
  /** What is wrong, for people. */
  what: string;
  /** The server's id, if the event is in the log. */
  id?: string;
  externalId?: string;
  instance?: string;
  seq?: number;
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

/** What a log is judged by. */
export interface LogEvidence {
  /** The log, in any order. */
  events: readonly ReadBackEvent[];
  /** All keys that were ever used. */
  keys: readonly SealKey[];
  /** The receipts that were kept; none if there is no ledger at hand. */
  receipts: readonly LedgerEntry[];
  /** What still waits, or was set aside. */
  held: readonly LocalEvent[];
  /** Milliseconds since 1970. */
  now: number;
  /** So long after its receipt an event may not be found yet, in milliseconds. */
  grace: number;
  /** Only a part of the log was read: what is older or newer may be there. Milliseconds since 1970. */
  window?: { from?: number; to?: number };
}

interface Link {
  seq: number;
  seal: string;
  prev: string | undefined;
  read: ReadBackEvent;
  time: number;
}

/**
 * Judges a log: the seal of each event, the chain of each instance, and each receipt that was kept.
 *
 * @param evidence the log and what it is held against
 */
export function checkLog(evidence: LogEvidence): Report {
  const { events, keys, receipts, held, now, grace, window = {} } = evidence;
  const counts: Report['counts'] = {
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
  const findings: Finding[] = [];
  const faulty = new Set<string>();
  const receiptOf = new Map(receipts.map((receipt) => [receipt.receiptId, receipt]));
  const knownIds = new Set(receipts.map(({ externalId }) => externalId));
  const heldIds = new Map(held.map((event) => [event.externalId, event]));
  const heldPlaces = new Map(held.map((event) => [placeName(event.instance, event.seq), event]));
  const placeOfReceipt = new Map(receipts.map(({ instance, sealSeq, externalId }) => [placeName(instance, sealSeq), externalId]));
  const chains = new Map<string, Map<number, Link>>();
  const unsealedSuspects: ReadBackEvent[] = [];
  /** Places in a chain whose events are there, but not as they were. */
  const spoiled = new Set<string>();
  const seen = new Map<string, ReadBackEvent>();
  const inLog = new Set(events.map(({ id }) => id));

  const find = (fault: Fault, what: string, read?: ReadBackEvent, more: Partial<Finding> = {}): void => {
    counts[fault] += 1;
    const seal = read && sealOf(read.event);
    findings.push({
      fault,
      what,
      ...(read && { id: read.id }),
      ...(read?.event.external_id !== undefined && { externalId: read.event.external_id }),
      ...(seal && { instance: seal.instance, seq: seal.seq }),
      ...more,
    });
    if (!read) return;
    faulty.add(read.id);
    const receipt = receiptOf.get(read.id);
    if (fault === 'altered') {
      spoiled.add(placeName(seal?.instance, seal?.seq));
      spoiled.add(placeName(receipt?.instance, receipt?.sealSeq));
    }
  };

  for (const read of events) {
    const { event, id } = read;
    const first = seen.get(event.external_id ?? '');
    if (first && event.external_id !== undefined) {
      find('duplicated', `the same event is also there as ${first.id}`, read);
      continue;
    }
    if (event.external_id !== undefined) seen.set(event.external_id, read);

    const receipt = receiptOf.get(id);
    const verdict = checkSeal(event, keys);
    if (receipt && eventHash(id, event) !== receipt.hash) {
      find('altered', 'its hash is not the one in the receipt that was kept', read);
    } else if (verdict === 'unsealed') {
      find('unsealed', 'it has no seal', read);
    } else if (verdict === 'unknown_key') {
      find('foreign', `its seal is by key ${sealOf(event)?.keyId}, which is not among the given ones`, read);
    } else if (verdict === 'invalid') {
      unsealedSuspects.push(read);
    } else {
      chain(read);
    }
  }

  // A false seal in a place that nobody else fills is a changed event of ours; one in a place of its own making is a stranger's.
  for (const read of unsealedSuspects) {
    const seal = sealOf(read.event);
    const isOurs =
      receiptOf.has(read.id) ||
      knownIds.has(read.event.external_id ?? '') ||
      (seal !== undefined && chains.has(seal.instance) && !chains.get(seal.instance)!.has(seal.seq));
    find(isOurs ? 'altered' : 'foreign', 'its seal is not that of its content', read);
  }

  for (const [instance, links] of chains) followChain(instance, links);
  for (const receipt of receipts) lookFor(receipt);

  for (const { id } of events) if (!faulty.has(id)) counts.verified += 1;
  return { counts, findings, instances: chains.size };

  function chain(read: ReadBackEvent): void {
    const { event, created } = read;
    const seal = sealOf(event)!;
    const time = timeOfId(event.external_id) ?? Date.parse(event.fields?.['seal_time'] ?? '');
    const links = chains.get(seal.instance) ?? new Map<number, Link>();
    chains.set(seal.instance, links);
    if (links.has(seal.seq)) return find('duplicated', `place ${seal.seq} of its instance is taken twice`, read);
    links.set(seal.seq, { seq: seal.seq, seal: seal.seal, prev: seal.prev, read, time });
    if (created !== undefined && !Number.isNaN(time) && Math.floor(Date.parse(created) / 1000) !== Math.floor(time / 1000)) {
      find('reordered', `the log says that it happened at ${created}, its seal ${new Date(time).toISOString()}`, read);
    }
  }

  function followChain(instance: string, links: Map<number, Link>): void {
    const sorted = [...links.values()].sort((a, b) => a.seq - b.seq);
    let previous: Link | undefined;
    for (const link of sorted) {
      for (let seq = (previous?.seq ?? 0) + 1; seq < link.seq; seq += 1) {
        if (!spoiled.has(placeName(instance, seq))) missing(instance, seq, previous, link);
      }
      if (previous && link.seq === previous.seq + 1 && link.prev !== previous.seal) {
        find('reordered', 'the seal before it is not that of the event before it', link.read);
      }
      previous = link;
    }
  }

  function missing(instance: string, seq: number, before: Link | undefined, after: Link): void {
    // At the edge of a window the neighbour may be outside.
    if (window.from !== undefined && before === undefined) return;
    const kept = heldPlaces.get(placeName(instance, seq));
    if (kept) return waiting(kept.isSetAside);
    // The receipt says more about it than the gap.
    if (placeOfReceipt.has(placeName(instance, seq))) return;
    if (now - after.time <= grace) return waiting(false);
    find('missing', `place ${seq} of its instance is empty`, undefined, { instance, seq });
  }

  function lookFor({ receiptId, externalId, at, instance, sealSeq }: LedgerEntry): void {
    if (inLog.has(receiptId) || at < (window.from ?? Number.NEGATIVE_INFINITY) || at >= (window.to ?? Number.POSITIVE_INFINITY)) return;
    const kept = heldIds.get(externalId);
    if (kept) return waiting(kept.isSetAside);
    if (now - at <= grace) return waiting(false);
    const place = {
      externalId,
      id: receiptId,
      ...(instance !== undefined && { instance }),
      ...(sealSeq !== undefined && { seq: sealSeq }),
    };
    find('missing', 'the server gave a receipt for it, and does not have it', undefined, place);
  }

  function waiting(isSetAside: boolean): void {
    counts[isSetAside ? 'set_aside' : 'on_the_way'] += 1;
  }
}

function placeName(instance: string | undefined, seq: number | undefined): string {
  return instance === undefined ? '' : `${instance}#${seq}`;
}

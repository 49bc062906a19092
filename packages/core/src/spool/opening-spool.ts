import type { CoalescingSpool, SpoolSize } from './spool.js';

const EMPTY: SpoolSize = { events: 0, bytes: 0, coalesced: 0, setAside: 0 };

/**
 * Creates a spool that is still being opened. Calls wait, in order, until the spool is open.
 *
 * @param opening resolves to the spool; must not reject
 */
export function openingSpool(opening: Promise<CoalescingSpool>): CoalescingSpool {
  let opened: CoalescingSpool | undefined;
  void opening.then((spool) => (opened = spool));
  const then = <T>(work: (spool: CoalescingSpool) => Promise<T>): Promise<T> => (opened ? work(opened) : opening.then(work));
  return {
    get isDurable() {
      return opened?.isDurable ?? false;
    },
    append: (event) => then((spool) => spool.append(event)),
    peek: (limit) => then((spool) => spool.peek(limit)),
    begin: (events) => then((spool) => spool.begin(events)),
    release: (events, inDoubt) => then((spool) => spool.release(events, inDoubt)),
    settle: (settled) => then((spool) => spool.settle(settled)),
    deadLetter: (event, reason) => then((spool) => spool.deadLetter(event, reason)),
    coalesce: (kind, at) => then((spool) => spool.coalesce(kind, at)),
    coalesced: (before) => then((spool) => spool.coalesced(before)),
    replaceCoalesced: (coalesced, event) => then((spool) => spool.replaceCoalesced(coalesced, event)),
    size: () => opened?.size() ?? { ...EMPTY },
    waiting: () => opened?.waiting() ?? 0,
    close: () => then((spool) => spool.close()),
  };
}

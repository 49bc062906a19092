import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { api, ApiProblem, type EventsPage, type Failures, type Timeline, type ViewerEvent } from './api.js';
import { type Filters, isOpenEnded, toQuery } from './filters.js';

/** The part of the log that the page shows. */
export interface LogState {
  page: EventsPage | undefined;
  timeline: Timeline | undefined;
  failures: Failures | undefined;
  /** Why the last request failed; undefined if it succeeded. */
  problem: string | undefined;
  isLoading: boolean;
  /** Whether new events appear without a reload. */
  live: 'following' | 'paused' | 'interrupted' | 'off';
  /** Number of events that arrived while the page was paused. */
  held: number;
}

const REFRESH = 5_000;
/** The most events on the page, which may stay open for days. */
const MOST_SHOWN = 1_000;

/** The part of the log that the page shows, and functions that read more. */
export interface Log extends LogState {
  /** Reads the newest events again. */
  reload: () => void;
  /** Reads the events before the oldest one on the page. */
  older: () => void;
}

/** Reads the log and follows new events. */
export function useLog(filters: Filters, isPaused: boolean, onSignedOut: (why: string) => void): Log {
  const [state, setState] = useState<LogState>({
    page: undefined,
    timeline: undefined,
    failures: undefined,
    problem: undefined,
    isLoading: true,
    live: 'off',
    held: 0,
  });
  const [turn, setTurn] = useState(0);
  const current = useRef(0);
  const paused = useRef(isPaused);
  paused.current = isPaused;

  const fail = useCallback(
    (thrown: unknown): void => {
      if (thrown instanceof ApiProblem && thrown.status === 401) return onSignedOut('The session has ended; sign in again.');
      setState((before) => ({ ...before, isLoading: false, problem: thrown instanceof Error ? thrown.message : String(thrown) }));
    },
    [onSignedOut],
  );

  const overview = useCallback(
    async (mine: number): Promise<void> => {
      const [timeline, failures] = await Promise.all([api.timeline(toQuery(filters, Date.now())), api.failures()]);
      if (mine === current.current) setState((before) => ({ ...before, timeline, failures }));
    },
    [filters],
  );

  useEffect(() => {
    const mine = (current.current += 1);
    const query = toQuery(filters, Date.now());
    setState((before) => ({ ...before, isLoading: true, problem: undefined, held: 0 }));
    Promise.all([api.events(query), overview(mine)]).then(([page]) => {
      if (mine === current.current) setState((before) => ({ ...before, page, isLoading: false }));
    }, fail);
    if (!isOpenEnded(filters)) {
      setState((before) => ({ ...before, live: 'off' }));
      return;
    }

    const source = new EventSource(`viewer/live?${query}`);
    let due: ReturnType<typeof setTimeout> | undefined;
    source.onopen = () => setState((before) => ({ ...before, live: 'following' }));
    source.onerror = () => setState((before) => ({ ...before, live: 'interrupted' }));
    source.addEventListener('arrivals', ({ data }: MessageEvent<string>) => {
      const { events, more } = JSON.parse(data) as { events: ViewerEvent[]; more: boolean };
      due ??= setTimeout(() => {
        due = undefined;
        if (!paused.current) overview(mine).catch(fail);
      }, REFRESH);
      if (paused.current) setState((before) => ({ ...before, held: before.held + events.length }));
      else if (more) setTurn((before) => before + 1);
      else setState((before) => ({ ...before, page: before.page && withArrivals(before.page, events) }));
    });
    return () => {
      source.close();
      clearTimeout(due);
    };
  }, [filters, turn, fail, overview]);

  const { page } = state;
  const older = useCallback((): void => {
    const last = page?.events.at(-1);
    if (!page || !last) return;
    const query = toQuery(filters, Date.now());
    query.set('before', last.cursor);
    api
      .events(query)
      .then(
        (next) =>
          setState((before) => ({ ...before, page: { ...page, events: [...page.events, ...next.events], hasOlder: next.hasOlder } })),
        fail,
      );
  }, [filters, page, fail]);

  return {
    ...state,
    live: isPaused && state.live === 'following' ? 'paused' : state.live,
    reload: () => setTurn((before) => before + 1),
    older,
  };
}

/** Adds new events to a page and sorts them by time, since an event may arrive long after it happened. */
function withArrivals(page: EventsPage, arrived: ViewerEvent[]): EventsPage {
  const known = new Set(page.events.map(({ id }) => id));
  const fresh = arrived.filter(({ id }) => !known.has(id));
  const events = [...fresh, ...page.events].sort((one, other) => other.time - one.time || (other.id < one.id ? -1 : 1));
  return {
    ...page,
    events: events.slice(0, MOST_SHOWN),
    total: page.total + fresh.length,
    hasOlder: page.hasOlder || events.length > MOST_SHOWN,
  };
}

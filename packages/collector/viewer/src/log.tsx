import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Session, ViewerEvent } from './api.js';
import { Detail } from './detail.js';
import { EventList } from './event-list.js';
import { FilterBar } from './filter-bar.js';
import { type Filters, readFilters, writeFilters } from './filters.js';
import { Help } from './help.js';
import { Overview } from './overview.js';
import { useShortcuts } from './shortcuts.js';
import type { Zone } from './times.js';
import { TopBar } from './top-bar.js';
import { useLog } from './use-log.js';

/** The page of the log: filters, timeline, failures, the events, and the details of one event. */
export function Log({ session, onEnd }: { session: Session; onEnd: (why: string | undefined) => void }): JSX.Element {
  const { filters, narrow } = useFilters();
  const [zone, setZone] = useState<Zone>('local');
  const [isPaused, setPaused] = useState(false);
  const [isHelp, setHelp] = useState(false);
  const end = useCallback((why: string) => onEnd(why), [onEnd]);
  const log = useLog(filters, isPaused, end);
  const { chosen, open, choose, close } = useChosen(log.page?.events ?? []);

  function pause(): void {
    if (isPaused) log.reload();
    setPaused(!isPaused);
  }
  useShortcuts({ close, pause, reload: log.reload, help: () => setHelp(true) });

  return (
    <div class={open ? 'page with-detail' : 'page'}>
      <TopBar
        session={session}
        log={log}
        isPaused={isPaused}
        zone={zone}
        onPause={pause}
        onZone={setZone}
        onHelp={() => setHelp(true)}
        onSignedOut={() => onEnd(undefined)}
      />
      <main>
        <FilterBar filters={filters} zone={zone} onChange={narrow} />
        {log.problem && <Problem text={log.problem} onRetry={log.reload} />}
        <Overview
          timeline={log.timeline}
          failures={log.failures}
          zone={zone}
          onSpan={(from, to) => narrow({ ...filters, range: '', from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
          onPick={(name, value) => narrow({ ...filters, [name]: value, outcome: 'failure' })}
        />
        <div class="events">
          <EventList
            log={log}
            filters={filters}
            zone={zone}
            chosen={chosen}
            onChoose={choose}
            onAll={() => narrow({ ...readFilters(''), range: 'all' })}
          />
          {open && (
            <Detail
              event={open}
              zone={zone}
              onClose={close}
              onPick={(name, value) => narrow({ ...filters, [name]: value })}
              onSearch={(query) => narrow({ ...readFilters(''), range: 'all', query })}
            />
          )}
        </div>
      </main>
      {isHelp && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}

/** Stores the filters in the page's address, so that the browser's back and forward buttons switch between them. */
function useFilters(): { filters: Filters; narrow: (next: Filters) => void } {
  const [filters, setFilters] = useState<Filters>(() => readFilters(location.search));
  useEffect(() => {
    const back = (): void => setFilters(readFilters(location.search));
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  function narrow(next: Filters): void {
    history.pushState(null, '', location.pathname + writeFilters(next));
    setFilters(next);
  }
  return { filters, narrow };
}

/** The open event. When it is closed, the focus returns to its row. */
function useChosen(events: readonly ViewerEvent[]): {
  chosen: string | undefined;
  open: ViewerEvent | undefined;
  choose: (event: ViewerEvent) => void;
  close: () => void;
} {
  const [chosen, setChosen] = useState<string>();
  function close(): void {
    const row = document.querySelector<HTMLElement>(`[data-row="${chosen}"]`);
    setChosen(undefined);
    row?.focus();
  }
  return { chosen, open: events.find(({ id }) => id === chosen), choose: ({ id }) => setChosen(id), close };
}

function Problem({ text, onRetry }: { text: string; onRetry: () => void }): JSX.Element {
  return (
    <div class="card problem" role="alert">
      <p>{text}</p>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

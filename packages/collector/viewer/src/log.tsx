import type { JSX } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { api, type Session } from './api.js';
import { Detail } from './detail.js';
import { EventsTable } from './events-table.js';
import { FilterBar } from './filter-bar.js';
import { type Filters, isNarrowed, readFilters, toQuery, writeFilters } from './filters.js';
import { Guessing } from './guessing.js';
import { Help } from './help.js';
import { type LogState, useLog } from './use-log.js';
import { Text } from './text.js';
import { Timeline, totalsOf } from './timeline.js';
import { type Zone, zoneName } from './times.js';

const LIVE: Record<LogState['live'], string> = {
  following: '● live',
  paused: '❚❚ paused',
  interrupted: '○ interrupted, trying again',
  off: '○ not live: the range has an end',
};

/** The log: filters, timeline, who fails most, the events, one of them whole. */
export function Log({ session, onEnd }: { session: Session; onEnd: (why: string | undefined) => void }): JSX.Element {
  const [filters, setFilters] = useState<Filters>(() => readFilters(location.search));
  const [zone, setZone] = useState<Zone>('local');
  const [isPaused, setPaused] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const [isHelp, setHelp] = useState(false);
  const end = useCallback((why: string) => onEnd(why), [onEnd]);
  const log = useLog(filters, isPaused, end);
  const { page, timeline } = log;
  const open = page?.events.find(({ id }) => id === chosen);

  function narrow(next: Filters): void {
    history.pushState(null, '', location.pathname + writeFilters(next));
    setFilters(next);
  }
  useEffect(() => {
    const back = (): void => setFilters(readFilters(location.search));
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);

  function close(): void {
    const row = document.querySelector<HTMLElement>(`[data-row="${chosen}"]`);
    setChosen(undefined);
    row?.focus();
  }
  function pause(): void {
    if (isPaused) log.reload();
    setPaused(!isPaused);
  }
  useKeys({ close, pause, reload: log.reload, help: () => setHelp(true) });

  return (
    <div class={open ? 'page with-detail' : 'page'}>
      <header class="top">
        <h1>Login audit</h1>
        <p>
          Project <strong>{session.project}</strong>
          {session.group !== undefined && (
            <>
              , group <strong>{<Text>{session.group}</Text>}</strong> only
            </>
          )}
        </p>
        <p class={`live live-${log.live}`} role="status">
          {LIVE[log.live]}
          {isPaused && log.held > 0 && `, ${log.held} new`}
        </p>
        <div class="top-buttons">
          <button type="button" onClick={pause} disabled={log.live === 'off'} title="p">
            {isPaused ? 'Follow' : 'Pause'}
          </button>
          <label>
            <span class="hidden">Time zone</span>
            <select value={zone} onChange={(event) => setZone(event.currentTarget.value as Zone)}>
              <option value="local">{zoneName('local')}</option>
              <option value="utc">UTC</option>
            </select>
          </label>
          <button type="button" onClick={() => setHelp(true)} aria-label="Keys and search" title="?">
            ?
          </button>
          <button type="button" onClick={() => void api.signOut().finally(() => onEnd(undefined))}>
            Sign out
          </button>
        </div>
      </header>
      <main>
        <FilterBar filters={filters} zone={zone} onChange={narrow} />
        {log.problem && (
          <div class="card problem" role="alert">
            <p>{log.problem}</p>
            <button type="button" onClick={log.reload}>
              Try again
            </button>
          </div>
        )}
        <div class="overview">
          <section class="card" aria-labelledby="attempts">
            <div class="card-head">
              <h2 id="attempts">Attempts</h2>
              {timeline && <Totals totals={totalsOf(timeline)} />}
            </div>
            {timeline && (
              <Timeline
                data={timeline}
                zone={zone}
                onSpan={(from, to) => narrow({ ...filters, range: '', from: new Date(from).toISOString(), to: new Date(to).toISOString() })}
              />
            )}
          </section>
          <Guessing failures={log.failures} onPick={(name, value) => narrow({ ...filters, [name]: value, outcome: 'failure' })} />
        </div>
        <div class="events">
          <section aria-labelledby="events">
            <div class="card-head">
              <h2 id="events">Events</h2>
              {page && (
                <span class="soft" role="status">
                  {page.total.toLocaleString('en')}
                  {page.isMore && '+'} {page.total === 1 ? 'event' : 'events'}, times in {zoneName(zone)}
                </span>
              )}
              <span class="exports">
                Export{' '}
                {['csv', 'json'].map((format) => (
                  <a key={format} href={`viewer/export?format=${format}&${toQuery(filters, Date.now())}`} download>
                    {format.toUpperCase()}
                  </a>
                ))}
              </span>
            </div>
            {page === undefined && log.isLoading && <p class="empty">Reading …</p>}
            {page?.events.length === 0 && <Empty filters={filters} onAll={() => narrow({ ...readFilters(''), range: 'all' })} />}
            {page !== undefined && page.events.length > 0 && (
              <EventsTable events={page.events} zone={zone} chosen={chosen} onChoose={({ id }) => setChosen(id)} />
            )}
            {page?.hasOlder && (
              <button type="button" class="older" onClick={log.older}>
                Older events
              </button>
            )}
          </section>
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

function Totals({ totals }: { totals: Record<string, number> }): JSX.Element {
  return (
    <ul class="totals">
      {Object.entries(totals).map(([kind, count]) => (
        <li key={kind} class={`total-${kind}`}>
          <strong>{count.toLocaleString('en')}</strong> {kind}
        </li>
      ))}
    </ul>
  );
}

function Empty({ filters, onAll }: { filters: Filters; onAll: () => void }): JSX.Element {
  return (
    <div class="empty">
      <p>
        {isNarrowed(filters)
          ? 'No event matches.'
          : 'No events in this time. Log in to an application that publishes here: it appears by itself.'}
      </p>
      <button type="button" onClick={onAll}>
        Show all events
      </button>
    </div>
  );
}

function useKeys({ close, pause, reload, help }: { close: () => void; pause: () => void; reload: () => void; help: () => void }): void {
  useEffect(() => {
    function press(event: KeyboardEvent): void {
      const target = event.target as HTMLElement;
      if (event.key === 'Escape' && !document.querySelector('dialog')) return close();
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, select, textarea, dialog')) return;
      const isArrow = (event.key === 'ArrowDown' || event.key === 'ArrowUp') && target.closest('[data-row]');
      if (event.key === '/') document.getElementById('search')?.focus();
      else if (event.key === 'j' || (isArrow && event.key === 'ArrowDown')) step(1);
      else if (event.key === 'k' || (isArrow && event.key === 'ArrowUp')) step(-1);
      else if (event.key === 'p') pause();
      else if (event.key === 'r') reload();
      else if (event.key === '?') help();
      else return;
      event.preventDefault();
    }
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });
}

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  rows[Math.min(rows.length - 1, Math.max(0, at + by))]?.focus();
}

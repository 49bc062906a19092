import type { JSX } from 'preact';
import type { EventsPage, ViewerEvent } from './api.js';
import { EventsTable } from './events-table.js';
import { type Filters, isNarrowed, toQuery } from './filters.js';
import { type Zone, zoneName } from './times.js';
import type { Log } from './use-log.js';

/** The matching events, their number, and the links for exporting them. */
export function EventList({
  log,
  filters,
  zone,
  chosen,
  onChoose,
  onAll,
}: {
  log: Log;
  filters: Filters;
  zone: Zone;
  chosen: string | undefined;
  onChoose: (event: ViewerEvent) => void;
  onAll: () => void;
}): JSX.Element {
  const { page } = log;
  return (
    <section aria-labelledby="events">
      <div class="card-head">
        <h2 id="events">Events</h2>
        {page && <Count page={page} zone={zone} />}
        <Exports filters={filters} />
      </div>
      {page === undefined && log.isLoading && <p class="empty">Loading …</p>}
      {page?.events.length === 0 && <Empty filters={filters} onAll={onAll} />}
      {page !== undefined && page.events.length > 0 && <EventsTable events={page.events} zone={zone} chosen={chosen} onChoose={onChoose} />}
      {page?.hasOlder && (
        <button type="button" class="older" onClick={log.older}>
          Older events
        </button>
      )}
    </section>
  );
}

function Count({ page, zone }: { page: EventsPage; zone: Zone }): JSX.Element {
  return (
    <span class="soft" role="status">
      {page.total.toLocaleString('en')}
      {page.isMore && '+'} {page.total === 1 ? 'event' : 'events'}, times in {zoneName(zone)}
    </span>
  );
}

function Exports({ filters }: { filters: Filters }): JSX.Element {
  return (
    <span class="exports">
      Export{' '}
      {['csv', 'json'].map((format) => (
        <a key={format} href={`viewer/export?format=${format}&${toQuery(filters, Date.now())}`} download>
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}

function Empty({ filters, onAll }: { filters: Filters; onAll: () => void }): JSX.Element {
  return (
    <div class="empty">
      <p>
        {isNarrowed(filters)
          ? 'No event matches.'
          : 'No events in this time range. When somebody logs in to an application that publishes here, the event appears on this page.'}
      </p>
      <button type="button" onClick={onAll}>
        Show all events
      </button>
    </div>
  );
}

import { accountOf, attemptsIn, correctionIn, FACET_NAMES, type FacetName, FACETS, readFacets } from '@auditlogin/core/browser';
import type { JSX } from 'preact';
import type { ViewerEvent } from './api.js';
import { Outcome, Text } from './text.js';
import { showTime, type Zone } from './times.js';
import { useVerdict, type Verdict } from './verify.js';

interface RowProps {
  event: ViewerEvent;
  zone: Zone;
  isChosen: boolean;
  onChoose: (event: ViewerEvent) => void;
}

/** The events, newest first. The time in a row is a button that opens the event. */
export function EventsTable({
  events,
  zone,
  chosen,
  onChoose,
}: {
  events: ViewerEvent[];
  zone: Zone;
  chosen: string | undefined;
  onChoose: (event: ViewerEvent) => void;
}): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label="Events, newest first" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {['Time', ...FACET_NAMES.map((name) => FACETS[name].label), 'Record'].map((label) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <Row key={event.id} event={event} zone={zone} isChosen={event.id === chosen} onChoose={onChoose} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ event, zone, isChosen, onChoose }: RowProps): JSX.Element {
  const { verdict } = useVerdict(event);
  const facets = readFacets(event.event);
  return (
    <tr class={isChosen ? 'chosen' : ''} onClick={() => onChoose(event)}>
      <td>
        <button type="button" class="row-button" data-row={event.id} aria-pressed={isChosen}>
          <time dateTime={new Date(event.time).toISOString()}>{showTime(event.time, zone)}</time>
        </button>
      </td>
      {FACET_NAMES.map((name) => (
        <td key={name} class="text">
          <FacetCell name={name} value={facets[name]} event={event} />
        </td>
      ))}
      <td>{RECORDS[verdict]}</td>
    </tr>
  );
}

const RECORDS: Record<Verdict, JSX.Element | null> = {
  checking: null,
  verified: <span class="verified">✓ verified</span>,
  altered: <span class="altered">✗ altered</span>,
  impossible: <span class="soft">not checked</span>,
};

interface CellProps {
  value: string | undefined;
  event: ViewerEvent;
}

/** The facets whose cells show more than the value. */
const CELLS: Partial<Record<FacetName, (props: CellProps) => JSX.Element>> = {
  outcome: OutcomeCell,
  account: AccountCell,
  group: ({ value, event }) => <Text>{event.names.group ?? value}</Text>,
};

function FacetCell({ name, value, event }: CellProps & { name: FacetName }): JSX.Element {
  const Cell = CELLS[name];
  return Cell ? <Cell value={value} event={event} /> : <Text>{value}</Text>;
}

function OutcomeCell({ value = '', event }: CellProps): JSX.Element {
  const attempts = attemptsIn(event.event);
  return (
    <>
      <Outcome>{value}</Outcome>
      {event.correctedBy !== undefined && <span class="soft"> corrected</span>}
      {correctionIn(event.event) !== undefined && <span class="soft"> correction</span>}
      {attempts > 1 && <span class="soft"> × {attempts}</span>}
    </>
  );
}

function AccountCell({ value, event }: CellProps): JSX.Element {
  const { names } = event;
  const isTyped = value !== undefined && accountOf(event.event) === undefined;
  const name = event.event.actor ? names.actor : names.target;
  return (
    <>
      <Text none="anonymous">{(isTyped ? undefined : name) ?? value}</Text>
      {isTyped && <span class="soft"> (typed)</span>}
    </>
  );
}

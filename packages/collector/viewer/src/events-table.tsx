import type { JSX } from 'preact';
import type { ViewerEvent } from './api.js';
import { Outcome, Text } from './text.js';
import { showTime, type Zone } from './times.js';
import { useVerdict } from './verify.js';

/** The events, newest first. Each row's time is the button that opens it. */
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
            {['Time', 'Outcome', 'Reason', 'Actor', 'Group', 'Address', 'Action', 'Record'].map((name) => (
              <th key={name} scope="col">
                {name}
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

function Row({
  event,
  zone,
  isChosen,
  onChoose,
}: {
  event: ViewerEvent;
  zone: Zone;
  isChosen: boolean;
  onChoose: (event: ViewerEvent) => void;
}): JSX.Element {
  const { verdict } = useVerdict(event);
  const { actor, group, action } = event.event;
  return (
    <tr class={isChosen ? 'chosen' : ''} onClick={() => onChoose(event)}>
      <td>
        <button type="button" class="row-button" data-row={event.id} aria-pressed={isChosen}>
          <time dateTime={new Date(event.time).toISOString()}>{showTime(event.time, zone)}</time>
        </button>
      </td>
      <td class="text">
        <Outcome>{event.outcome}</Outcome>
        {event.attempts > 1 && <span class="soft"> × {event.attempts}</span>}
      </td>
      <td class="text">
        <Text>{event.reason}</Text>
      </td>
      <td class="text">
        <Text none="anonymous">{event.names.actor ?? event.account}</Text>
        {actor === undefined && event.account !== null && <span class="soft"> (typed)</span>}
      </td>
      <td class="text">
        <Text>{event.names.group ?? group?.id}</Text>
      </td>
      <td class="text">
        <Text>{event.address}</Text>
      </td>
      <td class="text">
        <Text>{action}</Text>
      </td>
      <td>
        {verdict === 'verified' && <span class="verified">✓ verified</span>}
        {verdict === 'altered' && <span class="altered">✗ altered</span>}
        {verdict === 'impossible' && <span class="soft">not checked</span>}
      </td>
    </tr>
  );
}

import type { JSX } from 'preact';
import type { FailureCount, Failures } from './api.js';
import { Text } from './text.js';
import { showAgo } from './times.js';

/** From this number of failures within an hour on, an address or account is highlighted. */
const ALARM = 10;

/** The sources and accounts with the most failures of the last hour, which reveal a guessing attack. */
export function Guessing({
  failures,
  onPick,
}: {
  failures: Failures | undefined;
  onPick: (by: 'address' | 'account', name: string) => void;
}): JSX.Element {
  return (
    <section class="card guessing" aria-labelledby="guessing">
      <h2 id="guessing">Failures in the last hour</h2>
      <div class="guessing-lists">
        <List title="By source" other="account" counts={failures?.sources} onPick={(name) => onPick('address', name)} />
        <List title="By account" other="source" counts={failures?.accounts} onPick={(name) => onPick('account', name)} />
      </div>
    </section>
  );
}

function List({
  title,
  other,
  counts,
  onPick,
}: {
  title: string;
  other: string;
  counts: FailureCount[] | undefined;
  onPick: (name: string) => void;
}): JSX.Element {
  const most = Math.max(1, ...(counts ?? []).map(({ failures }) => failures));
  return (
    <div>
      <h3>{title}</h3>
      {counts?.length === 0 && <p class="soft">None.</p>}
      <ol class="bars">
        {counts?.map(({ name, failures, others, last }) => (
          <li key={name} class={failures >= ALARM ? 'alarm' : ''}>
            <button type="button" onClick={() => onPick(name)} title="Show these attempts">
              <span class="bar-name">
                <Text>{name}</Text>
              </span>
              <span class="bar-count">
                {failures >= ALARM && <span class="alarm-sign">guessing? </span>}
                {failures}
              </span>
              <meter class="bar" min={0} max={most} value={failures} aria-hidden="true" />
              <span class="soft">
                {others} {others === 1 ? other : `${other}s`}, last {showAgo(last, Date.now())}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

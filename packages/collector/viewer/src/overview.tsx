import type { JSX } from 'preact';
import type { Failures, Timeline as TimelineData } from './api.js';
import { Guessing } from './guessing.js';
import { Timeline, totalsOf } from './timeline.js';
import type { Zone } from './times.js';

/** Attempts over time, and the sources and accounts with the most failures. */
export function Overview({
  timeline,
  failures,
  zone,
  onSpan,
  onPick,
}: {
  timeline: TimelineData | undefined;
  failures: Failures | undefined;
  zone: Zone;
  onSpan: (from: number, to: number) => void;
  onPick: (by: 'address' | 'account', name: string) => void;
}): JSX.Element {
  return (
    <div class="overview">
      <section class="card" aria-labelledby="attempts">
        <div class="card-head">
          <h2 id="attempts">Attempts</h2>
          {timeline && <Totals totals={totalsOf(timeline)} />}
        </div>
        {timeline && <Timeline data={timeline} zone={zone} onSpan={onSpan} />}
      </section>
      <Guessing failures={failures} onPick={onPick} />
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

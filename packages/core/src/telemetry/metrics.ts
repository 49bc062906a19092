import type { AuditorStats } from './stats.js';

const COUNTERS = {
  queued: 'Events that were appended to the spool',
  handedOver: 'Events that were handed over to an engine',
  verified: 'Published events whose receipt has the right hash',
  mismatched: 'Published events whose receipt has a wrong hash',
  lost: 'Events that were lost',
  retries: 'Failed calls that were or will be repeated',
  coalesced: 'Attempts that were counted instead of stored',
} as const satisfies Partial<Record<keyof AuditorStats, string>>;
const GAUGES = {
  waiting: 'Events that wait in the spool',
  setAside: 'Events that were set aside',
} as const satisfies Partial<Record<keyof AuditorStats, string>>;

/**
 * Registers an auditor's counters with `@opentelemetry/api`, if the application has installed it: counters such as `auditlogin.events.queued`, and
 * the gauges `auditlogin.events.waiting` and `auditlogin.events.set_aside`.
 *
 * @param stats returns the current counts
 * @returns removes the metrics
 */
export async function exposeMetrics(stats: () => AuditorStats): Promise<() => void> {
  let api: typeof import('@opentelemetry/api');
  try {
    api = await import('@opentelemetry/api');
  } catch {
    return () => undefined;
  }
  const meter = api.metrics.getMeter('auditlogin');
  const undo: (() => void)[] = [];
  for (const [name, description] of Object.entries(COUNTERS)) {
    const counter = meter.createObservableCounter(`auditlogin.events.${name === 'handedOver' ? 'handed_over' : name}`, { description });
    const observe = (result: { observe(value: number): void }): void => result.observe(stats()[name as keyof typeof COUNTERS]);
    counter.addCallback(observe);
    undo.push(() => counter.removeCallback(observe));
  }
  for (const [name, description] of Object.entries(GAUGES)) {
    const gauge = meter.createObservableGauge(`auditlogin.events.${name === 'setAside' ? 'set_aside' : name}`, { description });
    const observe = (result: { observe(value: number): void }): void => result.observe(stats()[name as keyof typeof GAUGES]);
    gauge.addCallback(observe);
    undo.push(() => gauge.removeCallback(observe));
  }
  return () => undo.forEach((each) => each());
}

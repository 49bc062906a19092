import type { AuditorStats } from './stats.js';

const COUNTERS = {
  queued: 'Events that were queued',
  handedOver: 'Events that an engine took',
  verified: "Events that the server stored, and whose receipt's hash is right",
  mismatched: "Events that the server stored, and whose receipt's hash is wrong",
  lost: 'Events that are lost',
  retries: 'Tries that failed',
  coalesced: 'Failed attempts of which only the number is kept',
} as const satisfies Partial<Record<keyof AuditorStats, string>>;
const GAUGES = {
  waiting: 'Events that wait',
  setAside: 'Events that are set aside',
} as const satisfies Partial<Record<keyof AuditorStats, string>>;

/**
 * Shows the numbers of an auditor through `@opentelemetry/api`, if the application has it: counters `auditlogin.events.queued` and so on, gauges
 * `auditlogin.events.waiting` and `auditlogin.events.set_aside`.
 *
 * @param stats reads the numbers
 * @returns takes them back
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

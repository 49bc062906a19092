import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Store } from './store/store.js';

/** The metrics of a collector, for Prometheus. */
export interface Metrics {
  registry: Registry;
  /** Middleware that counts and times every request. */
  observe: RequestHandler;
  /** Counts events that retention deleted. */
  deleted(events: number): void;
}

/**
 * Creates the metrics of a collector.
 *
 * @param store the store of the events
 */
export function createMetrics(store: Store): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Histogram({
    name: 'auditlogin_collector_request_duration_seconds',
    help: 'Time until the response was sent, by kind of call and status.',
    labelNames: ['call', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const deleted = new Counter({
    name: 'auditlogin_collector_events_deleted_total',
    help: 'Events that retention deleted.',
    registers,
  });
  new Gauge({
    name: 'auditlogin_collector_events',
    help: 'Events in the store.',
    registers,
    collect() {
      this.set(store.events());
    },
  });
  new Gauge({
    name: 'auditlogin_collector_database_bytes',
    help: 'Bytes of the database that are in use.',
    registers,
    collect() {
      this.set(store.bytes());
    },
  });
  return {
    registry,
    observe(request, response, next) {
      const stop = requests.startTimer();
      response.once('finish', () => stop({ call: callOf(request.path), status: String(response.statusCode) }));
      next();
    },
    deleted: (events) => deleted.inc(events),
  };
}

/** The kind of a call, for the label. The path itself is not used, since clients could create any number of labels with it. */
function callOf(path: string): string {
  const publisher = /\/publisher\/v1\/project\/[^/]+\/(event\/bulk|event|graphql|viewertoken|export)$/.exec(path)?.[1];
  if (publisher !== undefined) return publisher.replace('event/bulk', 'bulk');
  return /\/viewer\/(events|timeline|failures|live|export|session)$/.exec(path)?.[1] ?? 'page';
}

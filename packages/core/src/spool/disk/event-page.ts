import { crc32 } from 'node:zlib';
import type { SerialisedEvent } from '../../event/serialise.js';
import { eventIn, flawOf } from '../stored-event.js';

/** A page: up to {@link PAGE_EVENTS} events that are written as one row. */
export interface NewPage {
  /** The events' JSON, one event per line. JSON strings contain no raw line breaks. */
  lines: string;
  count: number;
  /** Length of the events' JSON, in bytes. */
  bytes: number;
  /** Time of the append, in milliseconds since 1970. */
  queuedAt: number;
}

/** A row of the table `pages`. */
export interface StoredPage {
  first: number;
  last: number;
  bytes: number;
  queued_at: number;
  lines: string;
  crcs: Uint8Array;
}

/** The most events in a page. Events that are written together are usually sent together. */
export const PAGE_EVENTS = 50;

const DAMAGED = 'damaged on disk: its checksum is wrong';

/**
 * Makes a page of events.
 *
 * @param events 1 or more
 * @param queuedAt time of the append, in milliseconds since 1970
 */
export function pageOf(events: readonly Pick<SerialisedEvent, 'body' | 'bytes'>[], queuedAt: number): NewPage {
  const bytes = events.reduce((sum, event) => sum + event.bytes, 0);
  return { lines: events.map(({ body }) => body).join('\n'), count: events.length, bytes, queuedAt };
}

/**
 * Makes an argument of {@link pageOf} from an event's JSON.
 *
 * @param body the event's JSON
 */
export function pageEntry(body: string): Pick<SerialisedEvent, 'body' | 'bytes'> {
  return { body, bytes: Buffer.byteLength(body) };
}

/**
 * Computes the checksums of a page's lines, as they are stored beside it.
 *
 * @param lines of a page
 */
export function checksumsOf(lines: string): Uint8Array {
  return new Uint8Array(Uint32Array.from(lines.split('\n'), (line) => crc32(line)).buffer);
}

/**
 * Splits a stored page into events; those with a wrong checksum are undefined.
 *
 * @param page a row of `pages`
 */
export function intactLines({ lines, crcs }: Pick<StoredPage, 'lines' | 'crcs'>): (string | undefined)[] {
  const sums = new Uint32Array(crcs.buffer.slice(crcs.byteOffset, crcs.byteOffset + crcs.byteLength));
  const bodies = lines.split('\n');
  return Array.from(sums, (sum, index) => (bodies[index] !== undefined && crc32(bodies[index]) === sum ? bodies[index] : undefined));
}

/**
 * Says why a line of {@link intactLines} is no event.
 *
 * @param body the line
 * @returns undefined if it is an event
 */
export function flawIn(body: string | undefined): string | undefined {
  if (body === undefined) return DAMAGED;
  return eventIn(body) === undefined ? flawOf(body) : undefined;
}

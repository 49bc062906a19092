import { AuditError, isAuditError } from '../errors.js';
import { nearest } from '../nearest.js';
import { normaliseAddress } from './address.js';
import type { Actor, AuditEvent, Group, StringMap, Target } from './event.js';
import { EVENT_KEYS, violations } from './rules.js';
import type { EventInput, MapInput } from './input.js';
import { cleanId, cleanText, MAX_ID } from './text.js';

/**
 * Makes an event that the server accepts and can find by search: ids become strings, empty values are omitted, addresses are written in a form that
 * the server accepts, and characters that hide an event from search are replaced (Publisher API, "Event", traps 1 to 4 and 9).
 *
 * @param input the event as the application wrote it
 * @throws AuditError `ERR_AUDIT_EVENT_INVALID` if a field is missing, unknown or invalid; the message names the field
 */
export function normaliseEvent(input: EventInput): AuditEvent {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalidEvent('', `an event must be an object, not ${input === null ? 'null' : typeof input}`);
  }
  for (const key of readable(() => Object.keys(input))) {
    if (!EVENT_KEYS.includes(key) && key !== '__proto__') {
      throw invalidEvent(key, `"${key.slice(0, 64)}" is not a field of an event${nearest(key, EVENT_KEYS)}`);
    }
  }
  const event = readable(() => cleanEvent(input));
  const [violation] = violations(event);
  if (violation) throw invalidEvent(violation.field, violation.message);
  return event;
}

/** Getters and `toString` functions in the event are application code, which may throw. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (isAuditError(thrown)) throw thrown;
    throw invalidEvent('', `reading it threw (${thrown instanceof Error ? thrown.name : typeof thrown})`);
  }
}

/**
 * Like {@link normaliseEvent}, without validation: for events that this package composes, whose keys and types are known to be valid.
 *
 * @param input the composed event
 */
export function cleanEvent(input: EventInput): AuditEvent {
  const address = normaliseAddress(input.source_ip);
  const fields = mapOf(input.fields);
  if (address.seen !== undefined && fields['source_ip_seen'] === undefined) fields['source_ip_seen'] = cleanText(address.seen, MAX_ID)!;
  const actor = partOf<Actor>('actor', input.actor);

  const event: AuditEvent = { action: cleanId(input.action) ?? '', crud: input.crud ?? 'c' };
  assign(event, 'actor', actor);
  assign(event, 'group', partOf<Group>('group', input.group));
  assign(event, 'target', partOf<Target>('target', input.target));
  event.is_failure = input.is_failure ?? false;
  event.is_anonymous = input.is_anonymous ?? actor === undefined;
  assign(event, 'source_ip', address.source_ip);
  event.created = createdOf(input.created);
  assign(event, 'description', cleanText(input.description));
  assign(event, 'component', cleanText(input.component));
  assign(event, 'version', cleanText(input.version));
  assign(event, 'external_id', cleanId(input.external_id));
  if (Object.keys(fields).length > 0) event.fields = fields;
  const metadata = mapOf(input.metadata);
  if (Object.keys(metadata).length > 0) event.metadata = metadata;
  return event;
}

function assign<K extends keyof AuditEvent>(event: AuditEvent, key: K, value: AuditEvent[K] | undefined): void {
  if (value !== undefined) event[key] = value;
}

function partOf<T extends Actor | Group | Target>(part: string, input: Record<string, unknown> | undefined): T | undefined {
  if (input === undefined || input === null) return undefined;
  if (typeof input !== 'object') throw invalidEvent(part, `"${part}" must be an object with an id, not a ${typeof input}`);
  const id = cleanId(input['id']);
  if (id === undefined) throw invalidEvent(`${part}.id`, `"${part}.id" is missing, empty or not a string or number`);
  const out: Record<string, unknown> = { id };
  for (const key of Object.keys(input)) {
    if (key === 'id' || key === '__proto__') continue;
    const value = key === 'fields' ? mapOf(input[key] as MapInput) : cleanText(input[key]);
    if (value !== undefined && (typeof value === 'string' || Object.keys(value).length > 0)) out[key] = value;
  }
  return out as unknown as T;
}

function mapOf(input: MapInput | null | undefined): StringMap {
  const map: StringMap = {};
  if (typeof input !== 'object' || input === null) return map;
  for (const key of Object.keys(input)) {
    const cleanKey = cleanText(key, MAX_ID);
    const value = cleanText(input[key]);
    if (cleanKey === undefined || value === undefined) continue;
    if (cleanKey !== '__proto__') map[cleanKey] = value;
    // An assignment would set the prototype instead of the key, and the server hashes the key (Publisher API, trap 9).
    else Object.defineProperty(map, cleanKey, { value, enumerable: true, configurable: true, writable: true });
  }
  return map;
}

/** The last formatted time. Several attempts may share a millisecond, and no other field takes as long to format. */
let lastTime = Number.NaN;
let lastText = '';

function timeText(time: number): string {
  if (time !== lastTime) [lastTime, lastText] = [time, new Date(time).toISOString()];
  return lastText;
}

function createdOf(created: Date | number | string | undefined): string {
  const time = created === undefined ? Date.now() : new Date(created).getTime();
  if (Number.isNaN(time)) {
    throw invalidEvent('created', '"created" must be a Date, milliseconds since 1970 or an ISO 8601 string');
  }
  // A string that the server accepts keeps its own UTC offset.
  return typeof created === 'string' && violations({ action: '-', crud: 'c', is_anonymous: true, created }).length === 0
    ? created
    : timeText(time);
}

function invalidEvent(field: string, message: string): AuditError {
  return new AuditError('ERR_AUDIT_EVENT_INVALID', `The event was not queued: ${message}.`, { field });
}

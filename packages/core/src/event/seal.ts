import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditEvent, StringMap } from './event.js';

/** A sealing key and the id that names it in events. */
export interface SealKey {
  id: string;
  key: string;
}

/** The project that an application with an engine seals for, since only the relay knows the project that the events are published to. */
export const ENGINE_PROJECT = 'engine';

/**
 * Derives the key that seals the events of one project, so that an event that was sealed for another project is not valid in this one. The derived key
 * has the same id.
 *
 * @param key the key
 * @param project the project's id, or {@link ENGINE_PROJECT}
 */
export function projectKey({ id, key }: SealKey, project: string): SealKey {
  return { id, key: createHmac('sha256', key).update(`auditlogin.project:${project}`).digest('hex') };
}

/** A seal as stored in an event's fields. */
export interface Seal {
  seal: string;
  keyId: string;
  /** The instance that made it: one start of one process. */
  instance: string;
  /** The event's position in the chain of its instance, from 1. */
  seq: number;
  /** The seal of the previous event; undefined for the first. */
  prev: string | undefined;
}

/** The result of checking a seal. */
export type SealVerdict = 'valid' | 'invalid' | 'unknown_key' | 'unsealed';

const SEAL = 'seal';
const UUID_V7 = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/**
 * Derives the id of a key: the first 8 hex digits of its SHA-256, so that nobody has to name keys when they are rotated.
 *
 * @param key the key, 32 characters or more
 */
export function sealKeyOf(key: string): SealKey {
  return { id: createHash('sha256').update(`auditlogin.seal:${key}`).digest('hex').slice(0, 8), key };
}

/**
 * Creates a function that seals the events of one instance in order: each event gets its position and the seal of the previous event. The seal is an
 * HMAC-SHA256 (RFC 2104) over the RFC 8785 form of every attribute that the log returns unchanged (Publisher API, "What can be read back"). The
 * server's hash covers `fields`, which contain the seal, and so binds the other attributes too.
 *
 * @param key the key
 * @param instance a UUID
 */
export function createSealer({ id: keyId, key }: SealKey, instance: string): <Event extends AuditEvent>(event: Event) => Event {
  let seq = 0;
  let prev: string | undefined;
  return (event) => {
    const fields: StringMap = {
      ...event.fields,
      // The log cuts `created` to whole seconds. A UUIDv7 keeps the millisecond; an event with any other id needs `seal_time`.
      ...(timeOfId(event.external_id) === undefined && event.created !== undefined && { seal_time: event.created }),
      seal_key: keyId,
      seal_instance: instance,
      seal_seq: String((seq += 1)),
      ...(prev !== undefined && { seal_prev: prev }),
    };
    const sealed = { ...event, fields };
    prev = digest(sealed, key);
    return { ...sealed, fields: { ...fields, [SEAL]: prev } };
  };
}

/**
 * Reads an event's seal.
 *
 * @param event an event as it was sent or read back
 * @returns undefined if it has no seal or an incomplete one
 */
export function sealOf(event: AuditEvent): Seal | undefined {
  const { seal, seal_key, seal_instance, seal_seq, seal_prev } = event.fields ?? {};
  const seq = Number(seal_seq);
  if (seal === undefined || seal_key === undefined || seal_instance === undefined || !Number.isSafeInteger(seq) || seq < 1)
    return undefined;
  return { seal, keyId: seal_key, instance: seal_instance, seq, prev: seal_prev };
}

/**
 * Checks an event's seal.
 *
 * @param event an event as it was sent or read back
 * @param keys every key that was ever used to seal, derived for the project of the log ({@link projectKey})
 */
export function checkSeal(event: AuditEvent, keys: readonly SealKey[]): SealVerdict {
  const seal = sealOf(event);
  if (!seal) return event.fields?.[SEAL] === undefined ? 'unsealed' : 'invalid';
  const named = keys.filter(({ id }) => id === seal.keyId);
  if (named.length === 0) return 'unknown_key';
  const fields = { ...event.fields };
  delete fields[SEAL];
  const seen = Buffer.from(seal.seal);
  const matches = (sent: AuditEvent): boolean =>
    named.some(({ key }) => {
      const expected = Buffer.from(digest(sent, key));
      return seen.length === expected.length && timingSafeEqual(seen, expected);
    });
  const isValid = matches({ ...event, fields }) || withoutAdded({ ...event, fields }).some(matches);
  return isValid ? 'valid' : 'invalid';
}

/**
 * Reads the time from a UUIDv7 (RFC 9562, section 5.7).
 *
 * @param id an event's `external_id`
 * @returns milliseconds since 1970; undefined if the id is not a UUIDv7
 */
export function timeOfId(id: string | undefined): number | undefined {
  const match = UUID_V7.exec(id ?? '');
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : undefined;
}

/**
 * Converts an event to the text that its seal covers (RFC 8785). Two events with the same text have the same content, apart from names and links.
 *
 * @param event an event as it was sent or read back
 */
export function sealedText(event: AuditEvent): string {
  return (canonicalize as unknown as (value: unknown) => string)(coveredBy(event));
}

/** Leaves out names and links, since the log returns the current names instead of those that were sent, and no links at all. */
function coveredBy(event: AuditEvent): object {
  const { action, crud, actor, group, target, is_failure, is_anonymous, source_ip, description, component, version, external_id } = event;
  return {
    action,
    crud,
    is_failure,
    is_anonymous,
    source_ip,
    description,
    component,
    version,
    external_id,
    actor: actor && { id: actor.id, fields: actor.fields },
    group: group && { id: group.id },
    target: target && { id: target.id, type: target.type, fields: target.fields },
    fields: event.fields,
    metadata: event.metadata,
  };
}

/**
 * The log adds fields of an actor, and fields and the type of a target, that other events gave for the same id, to an event that was sent without them
 * (Publisher API, "What can be read back"). What was sent is therefore the event without some of them. A value that was sent cannot be left out or replaced.
 */
function withoutAdded(event: AuditEvent): AuditEvent[] {
  const removals: ((sent: AuditEvent) => AuditEvent)[] = [
    ...(event.actor?.fields ? [(sent: AuditEvent) => ({ ...sent, actor: without(sent.actor!, 'fields') })] : []),
    ...(event.target?.fields ? [(sent: AuditEvent) => ({ ...sent, target: without(sent.target!, 'fields') })] : []),
    ...(event.target?.type ? [(sent: AuditEvent) => ({ ...sent, target: without(sent.target!, 'type') })] : []),
  ];
  return removals.reduce<AuditEvent[]>((found, remove) => [...found, ...found.map(remove)], [event]).slice(1);
}

function without<T extends object, K extends keyof T>(value: T, key: K): T {
  const rest = { ...value };
  delete rest[key];
  return rest;
}

function digest(event: AuditEvent, key: string): string {
  return createHmac('sha256', key).update(sealedText(event)).digest('hex');
}

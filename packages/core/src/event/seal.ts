import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { AuditEvent, StringMap } from './event.js';

/** A key of the seal, with the id by which it is named in events. */
export interface SealKey {
  id: string;
  key: string;
}

/** A seal as it is in an event's fields. */
export interface Seal {
  seal: string;
  keyId: string;
  /** The instance that made it: one start of one process. */
  instance: string;
  /** The event's place among those of the instance, from 1. */
  seq: number;
  /** The seal of the event before; undefined for the first. */
  prev: string | undefined;
}

/** What checking a seal shows. */
export type SealVerdict = 'valid' | 'invalid' | 'unknown_key' | 'unsealed';

const SEAL = 'seal';
const UUID_V7 = /^([\da-f]{8})-([\da-f]{4})-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

/**
 * The id of a key: the first 8 hex digits of a SHA-256 over it, so that rotation needs no naming.
 *
 * @param key the key, of 32 characters or more
 */
export function sealKeyOf(key: string): SealKey {
  return { id: createHash('sha256').update(`auditlogin.seal:${key}`).digest('hex').slice(0, 8), key };
}

/**
 * Seals the events of an instance, one after the other: each gets its place and the seal of the one before. The seal is an HMAC-SHA256 (RFC 2104) over
 * the RFC 8785 form of all that the log gives back as it was sent; so the server's hash, which covers `fields`, binds the rest (Publisher API, "What can
 * be read back").
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
      // The log cuts `created` to whole seconds; an id of ours has the millisecond.
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
 * @returns undefined when it has none, or half of one
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
 * @param keys all keys that were ever used
 */
export function checkSeal(event: AuditEvent, keys: readonly SealKey[]): SealVerdict {
  const seal = sealOf(event);
  if (!seal) return event.fields?.[SEAL] === undefined ? 'unsealed' : 'invalid';
  const key = keys.find(({ id }) => id === seal.keyId);
  if (!key) return 'unknown_key';
  const fields = { ...event.fields };
  delete fields[SEAL];
  const expected = Buffer.from(digest({ ...event, fields }, key.key));
  const seen = Buffer.from(seal.seal);
  return seen.length === expected.length && timingSafeEqual(seen, expected) ? 'valid' : 'invalid';
}

/**
 * The millisecond in a UUIDv7 (RFC 9562, section 5.7).
 *
 * @param id an event's `external_id`
 * @returns milliseconds since 1970, or undefined if it is no UUIDv7
 */
export function timeOfId(id: string | undefined): number | undefined {
  const match = UUID_V7.exec(id ?? '');
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : undefined;
}

/** Names and links are left out: the server gives back the names that it holds now, and no links. */
function digest(event: AuditEvent, key: string): string {
  const { action, crud, actor, group, target, is_failure, is_anonymous, source_ip, description, component, version, external_id } = event;
  const covered = {
    ...{ action, crud, is_failure, is_anonymous, source_ip, description, component, version, external_id },
    actor: actor && { id: actor.id, fields: actor.fields },
    group: group && { id: group.id },
    target: target && { id: target.id, type: target.type, fields: target.fields },
    fields: event.fields,
    metadata: event.metadata,
  };
  return createHmac('sha256', key)
    .update((canonicalize as unknown as (value: unknown) => string)(covered))
    .digest('hex');
}

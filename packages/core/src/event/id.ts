import { randomFillSync } from 'node:crypto';
import { UUID } from 'uuidv7';

const POOL = new Uint32Array(1024);
let used = POOL.length;

/**
 * Mints the `external_id` of an event: a UUIDv7 (RFC 9562, section 5.7) that contains the millisecond of the event.
 *
 * @param created time of the event, in milliseconds since 1970
 */
export function eventId(created: number): string {
  if (used + 3 > POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  const [a, high, low] = [POOL[used++]! & 0xfff, POOL[used++]! & 0x3fff_ffff, POOL[used++]!];
  return UUID.fromFieldsV7(Math.min(Math.max(0, Math.trunc(created)), 2 ** 48 - 1), a, high, low).toString();
}

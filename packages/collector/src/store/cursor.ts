/** A position in the log before or after which a page begins. There need not be an event at this position. */
export interface Cursor {
  /** In milliseconds since 1970. */
  canonicalTime: number;
  /** The position in the order of arrival, which orders events of the same time. */
  seq: number;
}

/** A cursor that {@link writeCursor} did not write. The message is for the client that sent it. */
export class CursorError extends Error {}

/** Longer than any cursor: `-8640000000000000,9007199254740991` in base64. */
const MAX_LENGTH = 64;
/** The latest time of a `Date` (ECMA-262, "Time Values and Time Range"). */
const MAX_TIME = 8_640_000_000_000_000;

/**
 * Writes a cursor: time and position, in base64url.
 *
 * @param place an event, or any other position
 */
export function writeCursor({ canonicalTime, seq }: Cursor): string {
  return Buffer.from(`${canonicalTime},${seq}`).toString('base64url');
}

/**
 * Reads a cursor.
 *
 * @param cursor the value that a client sent; null, undefined and an empty string mean that there is no cursor
 * @throws CursorError if `writeCursor` would not have written it in this form
 */
export function readCursor(cursor: string | null | undefined): Cursor | undefined {
  if (!cursor) return undefined;
  const text = cursor.length > MAX_LENGTH ? '' : Buffer.from(cursor, 'base64url').toString('latin1');
  const [canonicalTime = Number.NaN, seq = Number.NaN] = text.split(',').map(Number);
  const place = { canonicalTime, seq };
  const isPlace = [canonicalTime, seq].every(Number.isSafeInteger) && Math.abs(canonicalTime) <= MAX_TIME && seq >= 0;
  // Node decodes base64 and numbers leniently, so the cursor is written again and compared.
  if (isPlace && writeCursor(place) === cursor) return place;
  throw new CursorError('The cursor does not come from this server; use the cursor of an edge of a search.');
}

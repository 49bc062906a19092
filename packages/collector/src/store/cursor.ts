/** A place in the log, before or after which a page begins. It need not be the place of an event. */
export interface Cursor {
  /** In milliseconds since 1970. */
  canonicalTime: number;
  /** The place in the order of arrival, which orders events of the same time. */
  seq: number;
}

/** A cursor that {@link writeCursor} did not write. The message is for whoever sent it. */
export class CursorError extends Error {}

/** Longer than any cursor: `-8640000000000000,9007199254740991` in base64. */
const MAX_LENGTH = 64;
/** The latest time that a `Date` holds (ECMA-262, "Time Values and Time Range"). */
const MAX_TIME = 8_640_000_000_000_000;

/**
 * Writes a cursor: time and place, in base64url.
 *
 * @param place an event, or any other place
 */
export function writeCursor({ canonicalTime, seq }: Cursor): string {
  return Buffer.from(`${canonicalTime},${seq}`).toString('base64url');
}

/**
 * Reads a cursor.
 *
 * @param cursor what a client sent; null, undefined and an empty text mean that there is none
 * @throws CursorError when `writeCursor` would not have written it so
 */
export function readCursor(cursor: string | null | undefined): Cursor | undefined {
  if (!cursor) return undefined;
  const text = cursor.length > MAX_LENGTH ? '' : Buffer.from(cursor, 'base64url').toString('latin1');
  const [canonicalTime = Number.NaN, seq = Number.NaN] = text.split(',').map(Number);
  const place = { canonicalTime, seq };
  const isPlace = [canonicalTime, seq].every(Number.isSafeInteger) && Math.abs(canonicalTime) <= MAX_TIME && seq >= 0;
  // Base64 is decoded leniently, and so are numbers: only a cursor that reads the same when it is written again is one of ours.
  if (isPlace && writeCursor(place) === cursor) return place;
  throw new CursorError('The cursor is not one that this server gave out; take it from an edge of a search.');
}

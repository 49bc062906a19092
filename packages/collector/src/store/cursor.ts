/** A position in the log before or after which a page begins. There need not be an event at this position. */
export interface Cursor {
  /** In milliseconds since 1970. */
  canonicalTime: number;
  /** The id of an event, which orders events of the same time. */
  id: string;
}

/** A text that is no cursor. The message is for the client that sent it. */
export class CursorError extends Error {}

/** Longer than any cursor: a time, an id and a count in base64. */
const MAX_LENGTH = 128;
/** The latest time of a `Date` (ECMA-262, "Time Values and Time Range"). */
const MAX_TIME = 8_640_000_000_000_000;

/**
 * Writes a cursor as the real server does: time and id, in base64.
 *
 * @param place an event, or any other position
 * @param total the number of events of a search, which `searchPaginated` adds to its cursors
 */
export function writeCursor({ canonicalTime, id }: Cursor, total?: number): string {
  return Buffer.from([canonicalTime, id, ...(total === undefined ? [] : [total])].join(',')).toString('base64');
}

/**
 * Reads a cursor. As at the real server, the id need not be that of an event, a third part is ignored, and the padding may lack (Publisher API, "What can
 * be read back").
 *
 * @param cursor the value that a client sent; null, undefined and an empty string mean that there is no cursor
 * @throws CursorError if it is not a time and an id
 */
export function readCursor(cursor: string | null | undefined): Cursor | undefined {
  if (!cursor) return undefined;
  const text = cursor.length <= MAX_LENGTH && /^[\w+/-]+={0,2}$/.test(cursor) ? Buffer.from(cursor, 'base64').toString('latin1') : '';
  const [, time, id] = /^(-?\d{1,16}),([\x21-\x2b\x2d-\x7e]+)(?:,\d*)?$/.exec(text) ?? [];
  const canonicalTime = Number(time);
  if (id !== undefined && Math.abs(canonicalTime) <= MAX_TIME) return { canonicalTime, id };
  throw new CursorError('The cursor is no position in the log; use the cursor of an edge of a search.');
}

/**
 * Reads a cursor of the viewer's page, which only ever sends what it got from {@link writeCursor}.
 *
 * @param cursor the value that a client sent; undefined and an empty string mean that there is no cursor
 * @throws CursorError if `writeCursor` would not have written it in this form
 */
export function readPageCursor(cursor: string | undefined): Cursor | undefined {
  const place = readCursor(cursor);
  if (place && writeCursor(place) !== cursor) throw new CursorError('The cursor does not come from this server.');
  return place;
}

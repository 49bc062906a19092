import { hash } from 'node:crypto';

/**
 * The longest id or action that is sent, in UTF-16 code units. The server cannot find events by ids of about 2,600 bytes or more (Publisher API, trap
 * 4).
 */
export const MAX_ID = 512;

/** The longest other text that is sent, in UTF-16 code units. */
const MAX_TEXT = 8192;

const FINGERPRINT = 16;

/**
 * Converts a scalar to a text that the server can store and find: numbers become strings; NUL and lone surrogates become U+FFFD (Publisher API, traps
 * 2 to 4).
 *
 * @param value a string, number, bigint or boolean; any other value counts as absent
 * @param max the longest text, in UTF-16 code units
 * @returns the text; undefined if the value is absent, empty or not a finite number
 */
export function cleanText(value: unknown, max: number = MAX_TEXT): string | undefined {
  const text = scalarText(value);
  if (text === undefined || text === '') return undefined;
  return wellFormed(text.length > max ? text.slice(0, max) : text);
}

/**
 * Like {@link cleanText}, for ids and actions. An id that is too long is cut and ends in a digest of the whole id, so that two different ids stay
 * different.
 *
 * @param value an id: a string, number or bigint, or an object whose own `toString` names it (such as an ObjectId)
 */
export function cleanId(value: unknown): string | undefined {
  const text = typeof value === 'object' ? namedByItself(value) : scalarText(value);
  if (text === undefined || text === '') return undefined;
  if (text.length <= MAX_ID) return wellFormed(text);
  const digest = hash('sha256', text).slice(0, FINGERPRINT);
  return `${wellFormed(text.slice(0, MAX_ID - FINGERPRINT - 1))}~${digest}`;
}

function scalarText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined;
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return undefined;
  }
}

function namedByItself(value: object | null): string | undefined {
  if (value === null || Array.isArray(value) || typeof value.toString !== 'function') return undefined;
  const text = String(value);
  return text.startsWith('[object ') ? undefined : text;
}

function wellFormed(text: string): string {
  const clean = text.isWellFormed() ? text : text.toWellFormed();
  return clean.includes('\0') ? clean.replaceAll('\0', '\uFFFD') : clean;
}

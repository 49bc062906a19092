import { property } from './property.js';

/** The texts in one object of a request's body, by field name. */
export type BodyPart = ReadonlyMap<string, string>;

/** The texts in a request's body. */
export interface BodyTexts {
  /** The outermost object first. */
  parts: readonly BodyPart[];
  /** The names of fields whose text is empty. */
  emptyFields: readonly string[];
  /** False if the body has more keys than were read. */
  isComplete: boolean;
}

const MAX_DEPTH = 3;
const MAX_KEYS = 500;
const MAX_PARTS = 100;

/** Common field names, which are looked up even in an object with too many keys to be read in full, so that padding cannot hide them. */
const USUAL_NAMES = [
  'username',
  'email',
  'login',
  'user',
  'identifier',
  'password',
  'passwd',
  'pass',
  'pwd',
  'pin',
  'otp',
  'code',
] as const;

/**
 * Reads the texts of a parsed body: objects, arrays, forms (`URLSearchParams`, `FormData`, `Map`), three levels deep; the variables of a GraphQL
 * request begin anew. The work is bounded, whatever was sent, and it never throws.
 *
 * @param body the parsed body
 */
export function bodyTexts(body: unknown): BodyTexts {
  const reading: Reading = { parts: [], emptyFields: [], keysLeft: MAX_KEYS, isComplete: true };
  const queue: Place[] = [{ value: body, depth: 1 }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (reading.parts.length >= MAX_PARTS) {
      reading.isComplete = false;
      break;
    }
    try {
      queue.push(...readPart(next, reading));
    } catch {
      reading.isComplete = false;
    }
  }
  return reading;
}

interface Place {
  value: unknown;
  depth: number;
}

interface Reading extends BodyTexts {
  parts: BodyPart[];
  emptyFields: string[];
  keysLeft: number;
}

/** Forms are recognised by their tag, since accessing the global `FormData` would load Node's fetch. */
const FORMS: ReadonlySet<string> = new Set(['[object URLSearchParams]', '[object FormData]', '[object Map]']);

/** Reads one object, and returns the objects in it that are still to be read. */
function readPart({ value, depth }: Place, reading: Reading): Place[] {
  if (!isBag(value)) return [];
  const texts = new Map<string, string>();
  const inner: Place[] = [];
  reading.parts.push(texts);
  // The elements of an array have the depth of the array.
  const step = Array.isArray(value) ? 0 : 1;
  for (const [name, entry] of entriesOf(value)) {
    if (reading.keysLeft === 0) {
      reading.isComplete = false;
      for (const usual of USUAL_NAMES) addText(texts, usual, property(value, usual));
      break;
    }
    reading.keysLeft -= 1;
    if (entry === '') reading.emptyFields.push(name);
    addText(texts, name, Array.isArray(value) ? entry : firstOf(entry));
    const isOuter = name === 'variables';
    if (isBag(entry) && (isOuter || depth + step <= MAX_DEPTH)) inner.push({ value: entry, depth: isOuter ? 1 : depth + step });
  }
  return inner;
}

function isBag(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A client can wrap a value, and many applications take a list of one text for the text. */
function firstOf(entry: unknown): unknown {
  return Array.isArray(entry) ? entry[0] : entry;
}

function addText(texts: Map<string, string>, name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') texts.set(name, value);
  else if (typeof value === 'number' || typeof value === 'bigint') texts.set(name, String(value));
}

function* entriesOf(value: object): Generator<[string, unknown]> {
  if (FORMS.has(Object.prototype.toString.call(value))) {
    for (const [name, entry] of value as Iterable<[unknown, unknown]>) yield [String(name), entry];
    return;
  }
  for (const name in value) yield [name, property(value, name)];
}

import validator from 'validator';
import { isTrue } from './canonical.js';

/** One reason why the server would refuse an event. */
export interface Violation {
  /** The path of the field, e.g. `actor.id`; empty for the event itself. */
  field: string;
  message: string;
  violation: 'missing' | 'invalid' | 'unknown';
}

const STRINGS = ['description', 'component', 'version', 'external_id'] as const;
const MAPS = ['fields', 'metadata'] as const;
const BOOLEANS = ['is_failure', 'is_anonymous'] as const;
const PARTS = {
  actor: ['id', 'name', 'href', 'fields'],
  group: ['id', 'name'],
  target: ['id', 'name', 'href', 'type', 'fields'],
} as const;

/** The keys that an event of the Publisher API may have. */
export const EVENT_KEYS: readonly string[] = [
  'action',
  'crud',
  'created',
  'source_ip',
  ...Object.keys(PARTS),
  ...STRINGS,
  ...MAPS,
  ...BOOLEANS,
];

const OCTET = '(?:1?\\d?\\d|2[0-4]\\d|25[0-5])';
const IPV4 = new RegExp(`^(?!0)${OCTET}(?:\\.${OCTET}){3}$`);
// The server's expression anchors the compressed form only at the start, and the full form only at the end.
const HEXTET = '[0-9A-Fa-f]{1,4}';
const IPV6 = new RegExp(`^${HEXTET}(?::${HEXTET})*::${HEXTET}|${HEXTET}(?::${HEXTET}){7}$`);

/**
 * Lists the reasons why the server would refuse an event; the list is empty if the server accepts it (Publisher API, "Event", traps 1 to 3 and 9). A
 * wrong type, which the server answers with 500, is a violation as well.
 *
 * @param body the parsed JSON of one event
 */
export function violations(body: unknown): Violation[] {
  if (!isObject(body)) return [invalid('', `an event must be a JSON object, not ${kindOf(body)}`)];
  const found: Violation[] = [];
  unknownKeys(body, EVENT_KEYS, '', found);
  checkRequired('action', body['action'], found);
  checkRequired('crud', body['crud'], found);
  checkCrud(body['crud'], found);
  for (const [part, keys] of Object.entries(PARTS)) checkPart(part, keys, body[part], found);
  for (const key of STRINGS) checkString(key, body[key], found);
  for (const key of MAPS) checkMap(key, body[key], found);
  for (const key of BOOLEANS) checkBoolean(key, body[key], found);
  checkActor(body, found);
  checkCreated(body['created'], found);
  checkAddress(body['source_ip'], found);
  return found;
}

function checkRequired(field: string, value: unknown, found: Violation[]): void {
  if (value === undefined || value === '') found.push(missing(field, `Missing required field '${field}'`));
  else if (typeof value !== 'string') found.push(notA('string', field, value));
}

function checkCrud(value: unknown, found: Violation[]): void {
  if (typeof value !== 'string' || /^[crud]$/.test(value)) return;
  found.push(invalid('crud', `Invalid value for 'crud' field: ${value.slice(0, 40)}`));
}

function checkActor({ actor, is_anonymous }: Record<string, unknown>, found: Violation[]): void {
  if (isTrue(is_anonymous) || (actor !== undefined && !isEmptyObject(actor))) return;
  found.push(missing('actor', "Event is not marked anonymous, and missing required field 'actor'"));
}

function checkAddress(value: unknown, found: Violation[]): void {
  checkString('source_ip', value, found);
  if (typeof value !== 'string' || value === '' || IPV4.test(value) || IPV6.test(value)) return;
  found.push(invalid('source_ip', `Unable to parse 'source_ip' field as valid IPV4 or IPV6 address: ${value.slice(0, 64)}`));
}

function checkPart(part: string, keys: readonly string[], value: unknown, found: Violation[]): void {
  if (value === undefined || isEmptyObject(value)) return;
  if (!isObject(value)) return void found.push(notA('object', part, value));
  unknownKeys(value, keys, `${part}.`, found);
  if (value['id'] === undefined || value['id'] === '') {
    found.push(missing(`${part}.id`, `Field '${part}.id' is required if '${part}' is present`));
  }
  for (const key of keys) checkPartMember(part, key, value[key], found);
}

/** Builds the field's full name only for a violation, since this function runs for every event. */
function checkPartMember(part: string, key: string, value: unknown, found: Violation[]): void {
  if (key === 'fields') return checkMap(`${part}.fields`, value, found);
  // An empty id was already reported as missing.
  if (isFilled(value) || (key === 'id' && value === '')) return;
  checkString(`${part}.${key}`, value, found);
}

function checkString(field: string, value: unknown, found: Violation[]): void {
  if (value === undefined) return;
  if (typeof value !== 'string') found.push(notA('string', field, value));
  else if (value === '') found.push(invalid(field, `"${field}" is not allowed to be empty`));
}

function checkMap(field: string, value: unknown, found: Violation[]): void {
  if (value === undefined) return;
  if (!isObject(value)) return void found.push(notA('object', field, value));
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || (key !== '' && isFilled(value[key]))) continue;
    if (key === '') found.push(invalid(`${field}.`, `"${field}." is not allowed`));
    else checkMapValue(`${field}.${key.slice(0, 64)}`, value[key], found);
  }
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function checkMapValue(field: string, value: unknown, found: Violation[]): void {
  if (typeof value !== 'string') found.push(invalid(field, `"${field}" must be a string`));
  else if (value === '') found.push(invalid(field, `"${field}" is not allowed to be empty`));
}

function checkBoolean(field: string, value: unknown, found: Violation[]): void {
  if (value === undefined || value === null || typeof value === 'boolean') return;
  if (typeof value === 'string' && /^(?:true|false)$/i.test(value)) return;
  found.push(notA('boolean', field, value));
}

/** The form that `toISOString` writes. Checking the general ISO 8601 form costs more than all other rules together. */
const OWN_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MAX_TIME_LENGTH = 64;

function checkCreated(value: unknown, found: Violation[]): void {
  if (value === undefined || isOwnTime(value) || isIsoTime(value)) return;
  found.push(invalid('created', `"created" must be a valid date (ISO 8601, extended form)`));
}

function isOwnTime(value: unknown): boolean {
  return typeof value === 'string' && OWN_TIME.test(value) && !Number.isNaN(Date.parse(value));
}

function isIsoTime(value: unknown): boolean {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return text.length <= MAX_TIME_LENGTH && validator.isISO8601(text, { strict: true }) && !Number.isNaN(new Date(text).getTime());
}

function unknownKeys(value: Record<string, unknown>, known: readonly string[], prefix: string, found: Violation[]): void {
  for (const key of Object.keys(value)) {
    if (key === '__proto__' || known.includes(key)) continue;
    const field = `${prefix}${key.slice(0, 64)}`;
    found.push({ field, message: `"${field}" is not allowed`, violation: 'unknown' });
  }
}

function missing(field: string, message: string): Violation {
  return { field, message, violation: 'missing' };
}

function invalid(field: string, message: string): Violation {
  return { field, message, violation: 'invalid' };
}

function notA(wanted: string, field: string, value: unknown): Violation {
  return invalid(field, `"${field}" must be ${wanted === 'object' ? 'an object' : `a ${wanted}`}, not ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmptyObject(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}

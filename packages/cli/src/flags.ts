import { AuditError } from '@auditlogin/core';
import { type Connection, readConnection, SEARCH_FIELDS, unknownSearchField } from '@auditlogin/core/log';
import bytes from 'bytes';
import ms from 'ms';

/** The flags for the address and the credentials of the log. */
export interface ConnectionFlags {
  apiBase?: string;
  project?: string;
  token?: string;
}

/** The address of the log, the project and the token. */
export type ReadyConnection = Omit<Connection, 'token'> & { token: string };

/**
 * Reads the connection from the flags, then from the environment.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_CONFIG_MISSING` or `ERR_AUDIT_OPTION_INVALID`
 */
export async function connectionIn({ apiBase, project, token }: ConnectionFlags): Promise<ReadyConnection> {
  const given = {
    ...(apiBase !== undefined && { apiBase }),
    ...(project !== undefined && { project }),
    ...(token !== undefined && { token }),
  };
  const { connection } = readConnection(given);
  return { ...connection, token: typeof connection.token === 'string' ? connection.token : await connection.token() };
}

/**
 * Reads a whole number.
 *
 * @param name the flag's name
 * @param text what was given
 * @param least the smallest valid number
 * @param most the largest valid number
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function numberIn(name: string, text: string, least: number, most: number): number {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw invalid(name, text, `a whole number from ${least} to ${most}`);
}

/**
 * Reads a duration, e.g. `90d`, `12h`, `30s`.
 *
 * @param name the flag's name
 * @param text what was given
 * @returns milliseconds
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function durationIn(name: string, text: string): number {
  const length = /^\d{1,9}(?:\.\d+)?\s?[a-z]+$/i.test(text) ? (ms(text as ms.StringValue) as number | undefined) : undefined;
  if (length !== undefined && length >= 1) return Math.round(length);
  throw invalid(name, text, 'a duration such as 90d, 12h or 30s');
}

/**
 * Reads a size, e.g. `2gb`, `500mb`.
 *
 * @param name the flag's name
 * @param text what was given
 * @returns bytes
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function sizeIn(name: string, text: string): number {
  const size = /^\d{1,12}(?:\.\d+)?\s?(?:b|kb|mb|gb|tb)$/i.test(text) ? bytes.parse(text) : null;
  if (size !== null && size > 0) return size;
  throw invalid(name, text, 'a size such as 500mb or 2gb');
}

/**
 * Reads a time in ISO 8601.
 *
 * @param name the flag's name
 * @param text what was given, if anything
 * @returns milliseconds since 1970
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function timeIn(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw invalid(name, text, 'a time in ISO 8601');
}

/**
 * Reads a search. A field that the log does not know is refused, since the log would find nothing or something else.
 *
 * @param text a search in the API's syntax
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function queryIn(text: string): string {
  const unknown = unknownSearchField(text);
  if (unknown === undefined) return text;
  throw invalid(
    'query',
    text,
    `only known fields, and ${JSON.stringify(unknown)} is none of ${SEARCH_FIELDS.join(', ')}; quote text that contains a colon`,
  );
}

/** No log has an event that was received earlier or later. Servers refuse a range that lacks an end. */
const EARLIEST = Date.UTC(2000, 0);
const LATEST = Date.UTC(2100, 0);

/**
 * Adds a range of `received` times to a search (Publisher API, "What can be read back").
 *
 * @param query a search, possibly empty
 * @param from milliseconds since 1970; undefined for all that was received before `to`
 * @param to milliseconds since 1970; undefined for all that was received since `from`
 */
export function withRange(query: string, from: number | undefined, to: number | undefined): string {
  if (from === undefined && to === undefined) return query;
  const [first, last] = [from ?? EARLIEST, to ?? LATEST].map((time) => new Date(time).toISOString());
  return [query, `received:${first},${last}`].filter(Boolean).join(' ');
}

/**
 * Creates the error for an invalid flag.
 *
 * @param name the flag's name
 * @param seen what was given
 * @param expected description of the valid values
 */
export function invalid(name: string, seen: string, expected: string): AuditError {
  return new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "--${name}" is ${JSON.stringify(seen)}; expected ${expected}.`, {
    field: name,
  });
}

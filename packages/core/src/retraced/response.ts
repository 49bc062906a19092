import { AuditError, type AuditErrorCode } from '../errors.js';
import type { Receipt } from '../event/event.js';
import { parseRetryAfter } from '../publish/retry.js';
import type { ServerDelivery } from '../publish/transport.js';

/** A response of the server with its whole body. */
export interface Answer {
  status: number;
  body: string;
  retryAfter?: string | undefined;
}

const MAX_REASON = 500;
/** The longest body that is parsed: more than the receipts of a bulk call, or the reasons of a refusal, ever need. */
const MAX_PARSED = 1_048_576;
const HASH = /^[\da-f]{64}$/;
const CODES: Partial<Record<number, AuditErrorCode>> = {
  401: 'ERR_AUDIT_UNAUTHORIZED',
  403: 'ERR_AUDIT_UNAUTHORIZED',
  404: 'ERR_AUDIT_NOT_FOUND',
  400: 'ERR_AUDIT_REFUSED',
  413: 'ERR_AUDIT_REFUSED',
  422: 'ERR_AUDIT_REFUSED',
  429: 'ERR_AUDIT_RATE_LIMITED',
};
const REFUSED = new Set([400, 413, 422]);
/** Proxies send these statuses when the server did not answer in time; it may have stored the batch. */
const IN_DOUBT = new Set([502, 504]);

/**
 * Interprets a response to a batch.
 *
 * @param answer the server's response
 * @param count number of events in the batch
 * @param single whether the single call was used
 * @param token the token, which is removed from reported texts
 */
export function readAnswer(answer: Answer, count: number, single: boolean, token: string): ServerDelivery {
  if (answer.status === 201) return readReceipts(answer, count, single, token);
  const reason = reasonOf(answer.body, token);
  const details = { status: answer.status, reason };
  if (REFUSED.has(answer.status) && isOwnWord(answer)) {
    const error = new AuditError('ERR_AUDIT_REFUSED', `The server refused ${some(count)} with ${answer.status}: ${reason}`, details);
    return { kind: 'refused', error, indexes: invalidIndexes(answer.body, count) };
  }
  const code = CODES[answer.status] ?? (answer.status >= 500 ? 'ERR_AUDIT_SERVER' : 'ERR_AUDIT_NOT_FOUND');
  const error = new AuditError(code, `The server answered ${answer.status} to ${some(count)}: ${reason}`, details);
  const after = parseRetryAfter(answer.retryAfter);
  return { kind: 'retry', error, inDoubt: IN_DOUBT.has(answer.status), ...(after !== undefined && { after }) };
}

/**
 * Whether a refusal is the server's own: JSON that repeats the status beside `error`, or names the invalid events (Publisher API, trap 10). Proxies and
 * firewalls answer 400, 413 and 422, too, which says nothing about the events.
 */
function isOwnWord({ status, body }: Answer): boolean {
  const parsed = parse(body);
  if (typeof parsed !== 'object' || parsed === null) return false;
  const { status: repeated, error, invalid } = parsed as Record<string, unknown>;
  return Array.isArray(invalid) || (repeated === status && typeof error === 'string');
}

/**
 * Extracts the reason from an error response, which is JSON, HTML or plain text (Publisher API, trap 10). The result is one line of at most 500
 * characters, without control characters and without the token.
 *
 * @param body the response's body
 * @param token the token
 */
function reasonOf(body: string, token: string): string {
  const text = messageIn(body)
    // The token is removed before the text is cut: a cut token would not be found, and half a token is still a secret.
    .replaceAll(token, '[token]')
    .slice(0, 10 * MAX_REASON)
    .replace(/<[^>]*>/g, ' ')
    // eslint-disable-next-line no-control-regex -- what a stranger's server writes must not steer a terminal
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\s]+/g, ' ')
    .trim();
  if (text === '') return '(no reason given)';
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
}

function readReceipts(answer: Answer, count: number, single: boolean, token: string): ServerDelivery {
  const parsed = parse(answer.body);
  const receipts = single ? [parsed] : parsed;
  if (Array.isArray(receipts) && receipts.length === count && receipts.every(isReceipt)) return { kind: 'accepted', receipts };
  const error = new AuditError(
    'ERR_AUDIT_RECEIPT',
    `The server answered 201 to ${some(count)}, but without ${count === 1 ? 'a receipt' : `${count} receipts`}: ${reasonOf(answer.body, token)}`,
    { status: 201 },
  );
  return { kind: 'retry', error, inDoubt: true };
}

/**
 * Reads the response to a search.
 *
 * @param answer the server's answer
 * @param token the token, which is removed from reported texts
 * @returns the nodes that were found
 * @throws AuditError with the code that {@link readAnswer} gives, if the search failed
 */
export function readSearch(answer: Answer, token: string): unknown[] {
  const parsed = parse(answer.body, Infinity) as { data?: { search?: { edges?: { node?: unknown }[] } } } | undefined;
  const edges = parsed?.data?.search?.edges;
  if (answer.status === 200 && Array.isArray(edges)) return edges.map(({ node }) => node);
  const code = CODES[answer.status] ?? 'ERR_AUDIT_SERVER';
  const reason = reasonOf(answer.body, token);
  throw new AuditError(code, `The server answered ${answer.status} to a search: ${reason}`, { status: answer.status, reason });
}

function isReceipt(value: unknown): value is Receipt {
  if (typeof value !== 'object' || value === null || !('id' in value) || !('hash' in value)) return false;
  return (
    typeof value.id === 'string' && value.id !== '' && value.id.length <= 256 && typeof value.hash === 'string' && HASH.test(value.hash)
  );
}

function invalidIndexes(body: string, count: number): number[] {
  const parsed = parse(body);
  if (typeof parsed !== 'object' || parsed === null || !('invalid' in parsed) || !Array.isArray(parsed.invalid)) return [];
  return parsed.invalid
    .map((entry: unknown) => (typeof entry === 'object' && entry !== null && 'index' in entry ? entry.index : undefined))
    .filter((index): index is number => Number.isInteger(index) && (index as number) >= 0 && (index as number) < count);
}

function messageIn(body: string): string {
  const parsed = parse(body);
  if (typeof parsed !== 'object' || parsed === null) return body;
  if ('error' in parsed && typeof parsed.error === 'string') return parsed.error;
  return 'message' in parsed && typeof parsed.message === 'string' ? parsed.message : body;
}

function parse(body: string, longest = MAX_PARSED): unknown {
  if (body.length > longest) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function some(count: number): string {
  return count === 1 ? 'an event' : `${count} events`;
}

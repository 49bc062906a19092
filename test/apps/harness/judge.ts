import type { AuditEvent } from '@auditlogin/core';
import { isDeepStrictEqual } from 'node:util';
import type { ExpectedEvent } from './application.js';
import type { Answer } from './client.js';

/** The parts of a response that differ between two runs of the same application. */
const VOLATILE =
  /^(?:date|age|etag|content-length|last-modified|keep-alive|x-request-id|x-runtime|x-response-time|retry-after|x-?ratelimit-reset|ratelimit(?:-reset)?)$/;
const SOFT_STATUS = 'status';

/**
 * Compares the events of a case with the expected ones.
 *
 * @returns descriptions of the differences; empty if there are none
 */
export function judgeEvents(seen: AuditEvent[], expected: ExpectedEvent[]): string[] {
  if (seen.length !== expected.length) return [`saw ${list(seen.map(brief))}, expected ${list(expected.map(briefOf))}`];
  return expected.flatMap((want, index) => {
    const event = seen[index]!;
    return isAsExpected(event, want) ? [] : [`saw ${brief(event)}, expected ${briefOf(want)}`];
  });
}

/**
 * Finds secrets in events.
 *
 * @returns descriptions of the problems, without the secrets
 */
export function judgeSecrets(events: AuditEvent[], secrets: Iterable<string>): string[] {
  const text = JSON.stringify(events);
  return [...secrets].some((secret) => text.includes(secret)) ? ['an event contains a password, a cookie or a token'] : [];
}

/**
 * Compares the responses of the application with the audit to those without it.
 *
 * @returns a description of the first difference; empty if there is none
 */
export function judgeAnswers(audited: Answer[], plain: Answer[]): string[] {
  if (audited.length !== plain.length) return [`${audited.length} answers with the audit, ${plain.length} without`];
  return audited.flatMap((answer, index) => {
    const [withAudit, without] = [comparable(answer), comparable(plain[index]!)];
    const part = Object.keys({ ...withAudit, ...without }).find((name) => !isDeepStrictEqual(withAudit[name], without[name]));
    if (part === undefined) return [];
    return [`answer ${index + 1} has ${part} ${show(withAudit[part])} with the audit, ${show(without[part])} without`];
  });
}

function isAsExpected(event: AuditEvent, want: ExpectedEvent): boolean {
  const { action, fields = {} } = event;
  const challenged = want.outcome === 'challenge' ? 'user.login.challenge' : 'user.login';
  const isNamed = (['outcome', 'reason', 'ending'] as const).every((name) => want[name] === undefined || fields[name] === want[name]);
  const isTyped = want.typed === undefined || isMaskOf(fields['identity'] ?? '', want.typed);
  return action === (want.action ?? challenged) && isNamed && isTyped && isAbout(event, want);
}

/** Checks that a successful login has an actor, and that any other login has none. */
function isAbout({ actor, target, is_anonymous }: AuditEvent, { action, outcome, account }: ExpectedEvent): boolean {
  const isProven = outcome === 'success' || action !== undefined;
  if (!isProven) return actor === undefined && is_anonymous === true && (account === undefined || target?.id === account);
  return account === undefined ? actor !== undefined || action !== undefined : actor?.id === account && is_anonymous !== true;
}

/** Whether a stored name can be the mask of a typed name: first letter, stars, and the domain of an e-mail address. */
function isMaskOf(kept: string, typed: string): boolean {
  const domain = typed.includes('@') ? typed.slice(typed.lastIndexOf('@')) : '';
  return kept.startsWith(`${typed[0]}***`) && kept.endsWith(domain) && kept !== typed;
}

function brief(event: AuditEvent): string {
  const { outcome, reason, evidence, ending, identity } = event.fields ?? {};
  const about = event.actor?.id ?? (event.target ? `target ${event.target.id}` : (identity ?? '-'));
  return `${event.action} ${outcome} ${about} (${[reason, `by ${evidence}`, ending].filter(Boolean).join(' ')})`;
}

function briefOf({ action = 'user.login', outcome, reason, ending, account, typed }: ExpectedEvent): string {
  const aside = [reason, ending].filter(Boolean).join(' ');
  return [action, outcome, account ?? typed, aside && `(${aside})`].filter(Boolean).join(' ');
}

function list(briefs: string[]): string {
  return briefs.length === 0 ? 'no event' : briefs.join(' + ');
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

/** Converts a response to a flat map of the parts that must be equal in two runs of the same application. */
function comparable({ status, headers, text }: Answer): Record<string, unknown> {
  const parts: Record<string, unknown> = { [SOFT_STATUS]: status, body: shapeOf(text) };
  headers.forEach((value, name) => {
    if (!VOLATILE.test(name) && name !== 'set-cookie') parts[`header ${name}`] = calm(value);
  });
  parts['cookies'] = headers.getSetCookie().map((cookie) => calm(cookie.replace(/=[^;]*/, '').replace(/; expires=[^;]*/i, '')));
  return parts;
}

function shapeOf(text: string): unknown {
  try {
    return shape(JSON.parse(text));
  } catch {
    return calm(text);
  }
}

/** Lists the names and types of the values in JSON. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, shape(inner)]),
  );
}

/** Removes ports, times, and texts that look like random ids or tokens. */
function calm(text: string): string {
  return (
    text
      .replace(/(127\.0\.0\.1|localhost)(:|%3A)\d+/gi, '$1$2PORT')
      // Random, and perhaps without a digit.
      .replace(/\b(code_challenge|nonce|state)=[\w.~-]+/g, '$1=…')
      .replace(/[\w.%~+/-]*(?=[\w.%~+/-]{16})(?=[\w.%~+/-]*\d)[\w.%~+/-]+/g, '…')
      .replace(/\d{3,}/g, '0')
  );
}

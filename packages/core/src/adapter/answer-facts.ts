import { type Account, accountOf, isNobody } from '../attempt/account.js';
import { plainName } from '../attempt/password-fields.js';
import { property } from '../attempt/property.js';

/** A credential in a response that the request did not have. */
export interface GivenCredential {
  /** The account that the response names with it. */
  account?: Account;
}

/** The outcome that a response's JSON states in a common shape. */
export type AnswerShape = 'success' | 'failure' | 'challenge';

const TOKEN_NAMES: ReadonlySet<string> = new Set(['token', 'accesstoken', 'idtoken', 'jwt', 'refreshtoken', 'sessiontoken', 'authtoken']);
const OWNER_NAMES = ['user', 'account', 'data'] as const;
const OWNER_IDS = ['id', '_id', 'userId', 'uid'] as const;
const MIN_TOKEN = 16;
const MAX_TOKEN = 16_384;
const MAX_DEPTH = 3;
const MAX_OBJECTS = 500;

/** `token`, `authjs.session-token`, its numbered pieces (`….session-token.0`), `directus_session_token`, with or without a prefix of RFC 6265bis. */
const COOKIE_NAME = /^(?:token|jwt|access_?token|auth_?token|.*session[-_]?token)(?:\.\d{1,2})?$/i;
const COOKIE_PREFIX = /^__(?:host|secure)-/i;
const NO_AUTH_COOKIE = /csrf|xsrf/i;

const CHALLENGE_NAME =
  /^(?:mfa|2fa|otp|totp|twofactor)(?:required|redirect|needed|pending|challenge)$|^twofactor$|^(?:requires?|needs?)(?:mfa|2fa|otp|totp|twofactor)/;
const CHALLENGE_WORD = /^(?:mfa|2fa|otp|totp|two[-_]?factor)[-_](?:required|needed|challenge)$/i;

/**
 * Finds a credential in the JSON of a response: a token of 16 characters or more under a common name, at most three levels deep. The token itself is
 * not returned.
 *
 * @param json the parsed answer
 * @param isKnown whether the request had this token already
 */
export function credentialInJson(json: unknown, isKnown: (token: string) => boolean): GivenCredential | undefined {
  let given: GivenCredential | undefined;
  for (const { bag, around } of objectsIn(json)) {
    const tokens = newTokensOf(bag, isKnown);
    if (tokens.length === 0) continue;
    const owners = [bag, ...around].flatMap(ownersIn);
    const claims = tokens.map(claimsOf);
    // A token for a guest does not prove a login.
    if ([...owners, ...claims].some(isNobody)) continue;
    const account = firstAccount(owners, OWNER_IDS) ?? firstAccount(claims, ['sub']);
    if (account !== undefined) return { account };
    given ??= {};
  }
  return given;
}

/**
 * Finds a new auth cookie in a response. Cookies that are cleared or expired, or that the request had with the same value, are ignored.
 *
 * @param setCookie the `Set-Cookie` headers of the answer
 * @param cookieHeader the `Cookie` header of the request
 */
export function credentialInCookies(setCookie: readonly string[], cookieHeader: string | undefined): GivenCredential | undefined {
  const set = new Map<string, string>();
  for (const header of setCookie) {
    const [pair = '', ...attributes] = header.slice(0, MAX_TOKEN).split(';');
    const { name, value } = nameAndValue(pair);
    if (!isAuthCookie(name)) continue;
    if (isExpired(attributes)) set.delete(name);
    else set.set(name, plainCookie(value));
  }
  if (set.size === 0) return undefined;
  const had = new Set((cookieHeader ?? '').split(';').map((pair) => keyOf(nameAndValue(pair))));
  const values = [...set].filter(([name, value]) => value.length >= MIN_TOKEN && !had.has(`${name}=${value}`)).map(([, value]) => value);
  return values.length === 0 ? undefined : given(values);
}

/**
 * Finds a credential in a header of a response, `Authorization` or `X-Auth-Token`.
 *
 * @param value the header
 * @param isKnown whether the request brought this token; then it is not given out
 */
export function credentialInHeader(value: string | undefined, isKnown: (token: string) => boolean): GivenCredential | undefined {
  const token = withoutScheme(value ?? '');
  if (!isToken(token) || isKnown(token)) return undefined;
  return given([token]);
}

/**
 * Reads the outcome from a common shape of a response's JSON: `{success}`, `{ok}`, `{error}`, `{errors}`, `{mfaRequired}`, Auth.js's `{url:
 * '…?error=…'}`, …
 *
 * @param json the parsed answer
 * @param requestCarriesCredential whether the request tried to prove who sent it; without that `{ok: true}` may only mean that a mail was sent
 * @returns `contradiction` if it states two outcomes, undefined if it states none
 */
export function shapeOf(json: unknown, requestCarriesCredential: boolean): AnswerShape | 'contradiction' | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const asks = asksForFactor(json);
  const fails = saysFailure(json);
  const succeeds = saysSuccess(json);
  if (fails && (succeeds || asks)) return 'contradiction';
  if (fails) return 'failure';
  if (asks) return 'challenge';
  return succeeds && requestCarriesCredential ? 'success' : undefined;
}

/** The objects in a response, three levels deep, each with the objects around it, the innermost first. */
function objectsIn(json: unknown): { bag: object; around: readonly object[] }[] {
  const found: { bag: object; around: readonly object[] }[] = [];
  const add = (value: unknown, around: readonly object[]): void => {
    if (typeof value !== 'object' || value === null || around.length >= MAX_DEPTH || found.length >= MAX_OBJECTS) return;
    if (Array.isArray(value)) value.slice(0, MAX_OBJECTS).forEach((entry) => add(entry, around));
    else found.push({ bag: value, around });
  };
  add(json, []);
  for (let i = 0; i < found.length; i += 1) {
    const { bag, around } = found[i]!;
    for (const value of Object.values(bag)) add(value, [bag, ...around]);
  }
  return found;
}

function newTokensOf(bag: object, isKnown: (token: string) => boolean): string[] {
  return Object.entries(bag)
    .filter((entry): entry is [string, string] => typeof entry[1] === 'string' && TOKEN_NAMES.has(plainName(entry[0])))
    .map(([, token]) => withoutScheme(token))
    .filter((token) => isToken(token) && !isKnown(token));
}

/** Whether a text may be a token. A text with blanks is a message. */
function isToken(text: string): boolean {
  return text.length >= MIN_TOKEN && !/\s/.test(text);
}

/** A token as it stands in `Authorization` may have its scheme before it. */
function withoutScheme(text: string): string {
  return text.trim().replace(/^(?:bearer|token|jwt) +/i, '');
}

function ownersIn(bag: object): unknown[] {
  return OWNER_NAMES.map((name) => property(bag, name)).filter((owner) => typeof owner === 'object' && owner !== null);
}

function given(tokens: readonly string[]): GivenCredential | undefined {
  const claims = tokens.map(claimsOf);
  if (claims.some(isNobody)) return undefined;
  const account = firstAccount(claims, ['sub']);
  return account === undefined ? {} : { account };
}

function firstAccount(candidates: readonly unknown[], idKeys: readonly string[]): Account | undefined {
  for (const candidate of candidates) {
    const account = typeof candidate === 'object' && candidate !== null ? withId(candidate, idKeys) : undefined;
    if (account !== undefined) return account;
  }
  return undefined;
}

/** Reads an account by its id keys only, since the object's own text may be anything. */
function withId(candidate: object, idKeys: readonly string[]): Account | undefined {
  return idKeys.some((key) => property(candidate, key) !== undefined) ? accountOf(candidate, idKeys) : undefined;
}

/**
 * Reads the claims of a JSON Web Token (RFC 7519) without verifying them, since the application itself issued the token.
 *
 * @param token any text
 */
function claimsOf(token: string): unknown {
  if (token.length > MAX_TOKEN) return undefined;
  const [, payload, signature] = token.split('.');
  if (payload === undefined || signature === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
  } catch {
    return undefined;
  }
}

function isAuthCookie(name: string): boolean {
  return name.length <= 256 && !NO_AUTH_COOKIE.test(name) && COOKIE_NAME.test(name.replace(COOKIE_PREFIX, ''));
}

function nameAndValue(pair: string): { name: string; value: string } {
  const at = pair.indexOf('=');
  return at === -1 ? { name: pair.trim(), value: '' } : { name: pair.slice(0, at).trim(), value: pair.slice(at + 1).trim() };
}

function keyOf({ name, value }: { name: string; value: string }): string {
  return `${name}=${plainCookie(value)}`;
}

/** Returns a cookie's value without quotes, percent-encoding and the signature of `cookie-parser` (`s:value.signature`). */
function plainCookie(value: string): string {
  const text = decoded(value.replace(/^"(.*)"$/, '$1'));
  return text.startsWith('s:') ? text.slice(2, text.lastIndexOf('.')) : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `Max-Age` counts before `Expires` (RFC 6265, section 5.3). */
function isExpired(attributes: readonly string[]): boolean {
  const byName = new Map(attributes.map(nameAndValue).map(({ name, value }) => [name.toLowerCase(), value]));
  const maxAge = byName.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0;
  return Date.parse(byName.get('expires') ?? '') <= Date.now();
}

function saysSuccess(json: object): boolean {
  return ['success', 'ok', 'authenticated'].some((key) => property(json, key) === true);
}

function saysFailure(json: object): boolean {
  if (['success', 'ok', 'authenticated'].some((key) => property(json, key) === false)) return true;
  const [error, errors, status, type, url] = ['error', 'errors', 'status', 'type', 'url'].map((key) => property(json, key));
  if ((isSaid(error) && !isFactorWord(error)) || isFilled(errors)) return true;
  if (status === 'error' || status === 'fail' || (type === 'failure' && typeof status === 'number')) return true;
  if ([property(json, 'code'), property(json, 'statusCode')].some(isErrorStatus)) return true;
  return typeof url === 'string' && /[?&]error=[^&#]/.test(url);
}

/** Whether the response asks for a second factor, which means that the password was right. */
function asksForFactor(json: object): boolean {
  const named = Object.entries(json).some(([name, value]) => isFilled(value) && CHALLENGE_NAME.test(plainName(name)));
  return named || isFactorWord(property(json, 'status')) || isFactorWord(property(json, 'error'));
}

function isFactorWord(value: unknown): boolean {
  return typeof value === 'string' && CHALLENGE_WORD.test(value);
}

function isErrorStatus(value: unknown): boolean {
  return typeof value === 'number' && value >= 400 && value <= 599;
}

/** Whether an error property states an error. A serialised `Error` is an empty object, which states one, too. */
function isSaid(value: unknown): boolean {
  return Boolean(value) && !(Array.isArray(value) && value.length === 0);
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

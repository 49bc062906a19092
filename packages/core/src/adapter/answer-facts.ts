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
const OWNER_NAMES = ['user', 'account', 'data', 'customer', 'admin', 'member', 'profile'] as const;
const OWNER_IDS = ['id', '_id', 'userId', 'uid', 'user_id', 'objectId'] as const;
/** The claims by which applications name an account in their tokens. `sub` is the standard one (RFC 7519, section 4.1.2). */
const CLAIMS = ['sub', 'userId', 'user_id', 'uid', 'id', '_id', 'username', 'email'] as const;
/** An object with an id and one of these beside the token is the account itself. */
const PERSON_NAMES = ['email', 'username', 'login'] as const;
const MIN_TOKEN = 16;
const MAX_TOKEN = 16_384;
const MAX_COOKIE_NAME = 256;
const MAX_DEPTH = 3;
const MAX_OBJECTS = 500;

/** `token`, `authjs.session-token`, its numbered pieces (`….session-token.0`), `directus_session_token`, with or without a prefix of RFC 6265bis. */
const COOKIE_NAME =
  /^(?:(?:x[-_])?(?:token|jwt|(?:access|id|refresh)[-_]?token)|(?:.*[-_.])?auth[-_]?token|.*session[-_]?token)(?:\.\d{1,2})?$/i;
const COOKIE_PREFIX = /^__(?:host|secure)-/i;
const NO_AUTH_COOKIE = /csrf|xsrf|consent|guest|visitor/i;
/** A response that is nothing but a JSON Web Token (RFC 7519). */
const BARE_JWT = /^[\w-]{2,}\.[\w-]{2,}\.[\w-]*$/;
/** What a signed cookie may be about besides a login: the step before a second factor, a transaction of OAuth, a trusted device, the page's own state. */
const OTHER_JWT_COOKIE =
  /mfa|2fa|otp|factor|challenge|pending|pre[-_]?auth|temp|verif|reset|invite|magic|device|trust|remember|state|nonce|pkce|oauth|flash|locale|lang|cart|analytics|track|impersonat/i;

const CHALLENGE_NAME =
  /^(?:mfa|2fa|otp|totp|twofactor)(?:required|redirect|needed|pending|challenge)$|^twofactor$|^(?:requires?|needs?)(?:mfa|2fa|otp|totp|twofactor)/;
const CHALLENGE_WORD = /^(?:mfa|2fa|otp|totp|two[-_]?factor)[-_](?:required|needed|challenge)$/i;

/**
 * Finds a credential in the content of a response: a token of 16 characters or more under a common name in its JSON, at most three levels deep, or a JSON Web
 * Token that is all of it. The token itself is not returned.
 *
 * @param content the parsed JSON, or the text
 * @param isKnown whether the request had this token already
 */
export function credentialInContent(content: unknown, isKnown: (token: string) => boolean): GivenCredential | undefined {
  if (typeof content === 'string')
    return BARE_JWT.test(content) && isBag(claimsOf(content)) && !isKnown(content) ? given([content]) : undefined;
  let found: GivenCredential | undefined;
  for (const { bag, around } of objectsIn(content)) {
    const tokens = newTokensOf(bag, isKnown);
    if (tokens.length === 0) continue;
    const owners = [bag, ...around].flatMap(ownersIn);
    const claims = tokens.map(claimsOf);
    // A token for a guest does not prove a login.
    if ([...owners, bag, ...claims].some(isNobody)) continue;
    const account = firstAccount(owners, OWNER_IDS) ?? accountIn(claims) ?? accountBeside(bag);
    if (account !== undefined) return { account };
    found ??= {};
  }
  return found;
}

/**
 * Returns the account that a response's JSON names, for a credential elsewhere in that response.
 *
 * @param json the parsed answer
 */
export function accountInJson(json: unknown): Account | undefined {
  if (!isBag(json)) return undefined;
  for (const bag of [json, property(json, 'data')].filter(isBag)) {
    const account = firstAccount(ownersIn(bag), OWNER_IDS) ?? accountBeside(bag);
    if (account !== undefined) return account;
  }
  return undefined;
}

/**
 * Finds a new auth cookie in a response. Cookies that are cleared or expired, or that the request had with the same value, are ignored.
 *
 * @param setCookie the `Set-Cookie` headers of the answer
 * @param cookieHeader the `Cookie` header of the request
 * @param isKnown whether the request brought a value in any other way
 */
export function credentialInCookies(
  setCookie: readonly string[],
  cookieHeader: string | undefined,
  isKnown: (token: string) => boolean,
): GivenCredential | undefined {
  const set = new Map<string, string>();
  for (const header of setCookie) {
    const [pair = '', ...attributes] = header.slice(0, MAX_TOKEN).split(';');
    const { name, value } = nameAndValue(pair);
    const plain = plainCookie(value);
    if (isExpired(attributes)) set.delete(name);
    else if (isAuthCookie(name) || isLoginToken(name, plain)) set.set(name, plain);
  }
  if (set.size === 0) return undefined;
  const had = new Set((cookieHeader ?? '').split(';').map((pair) => keyOf(nameAndValue(pair))));
  const isNew = ([name, value]: [string, string]): boolean => value.length >= MIN_TOKEN && !had.has(`${name}=${value}`) && !isKnown(value);
  const values = [...set].filter(isNew).map(([, value]) => value);
  return values.length === 0 ? undefined : given(values);
}

/** Names of cookies that keep a session or a login, besides those with tokens. */
const SESSION_COOKIE = /(?:^|[-_.])(?:sid|sess|session|auth|login|user|remember)(?:$|[-_.])|session|authentication/i;

/**
 * Whether a response clears a cookie by which the request was somebody's: a token, or the key of a session.
 *
 * @param setCookie the `Set-Cookie` headers of the answer
 * @param cookieHeader the `Cookie` header of the request
 */
export function clearsLogin(setCookie: readonly string[], cookieHeader: string | undefined): boolean {
  const had = new Map((cookieHeader ?? '').split(';').map((pair) => Object.values(nameAndValue(pair)) as [string, string]));
  return setCookie.some((header) => {
    const [pair = '', ...attributes] = header.slice(0, MAX_TOKEN).split(';');
    const { name, value } = nameAndValue(pair);
    const before = had.get(name);
    if (before === undefined || before === '' || (value !== '' && !isExpired(attributes))) return false;
    return isAuthCookie(name) || isLoginToken(name, plainCookie(before)) || (SESSION_COOKIE.test(name) && !NO_AUTH_COOKIE.test(name));
  });
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

function isBag(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A token as it stands in `Authorization` may have its scheme before it. */
function withoutScheme(text: string): string {
  return text.trim().replace(/^(?:bearer|token|jwt) +/i, '');
}

function ownersIn(bag: object): unknown[] {
  return OWNER_NAMES.map((name) => property(bag, name)).filter(isBag);
}

function given(tokens: readonly string[]): GivenCredential | undefined {
  const claims = tokens.map(claimsOf);
  if (claims.some(isNobody)) return undefined;
  const account = accountIn(claims);
  return account === undefined ? {} : { account };
}

/** Reads the account from claims, or from the user object that some applications sign. */
function accountIn(claims: readonly unknown[]): Account | undefined {
  return (
    firstAccount(claims, CLAIMS) ??
    firstAccount(
      claims.flatMap((one) => (isBag(one) ? ownersIn(one) : [])),
      OWNER_IDS,
    )
  );
}

/** The object with the token may be the account itself: `{_id, email, token}`. Without a name, its `id` may be that of the token. */
function accountBeside(bag: object): Account | undefined {
  const isPerson = PERSON_NAMES.some((key) => typeof property(bag, key) === 'string');
  return withId(bag, isPerson ? OWNER_IDS : ['userId', 'user_id']);
}

function firstAccount(candidates: readonly unknown[], idKeys: readonly string[]): Account | undefined {
  for (const candidate of candidates) {
    const account = isBag(candidate) ? withId(candidate, idKeys) : undefined;
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
  return name.length <= MAX_COOKIE_NAME && !NO_AUTH_COOKIE.test(name) && COOKIE_NAME.test(name.replace(COOKIE_PREFIX, ''));
}

/** Whether a cookie of any name holds a JSON Web Token that names an account, as `Authentication` in the documentation of NestJS. */
function isLoginToken(name: string, value: string): boolean {
  if (name.length > MAX_COOKIE_NAME || NO_AUTH_COOKIE.test(name) || OTHER_JWT_COOKIE.test(name)) return false;
  return accountIn([claimsOf(value)]) !== undefined;
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

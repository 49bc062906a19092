import { createHmac } from 'node:crypto';
import { cleanText } from '../event/text.js';

/** What is stored of a typed user name. */
export type TypedIdentityPolicy = 'masked' | 'plain' | 'hmac' | 'omit';

/** The fields of an event that describe the typed user name. */
export interface StoredIdentity {
  identity?: string;
  identity_hmac?: string;
  /** Why the name itself was omitted. */
  identity_withheld?: 'looks_like_password';
}

const MAX_IDENTITY = 254;
/** The last label is a top-level domain, which has no digits unless it is encoded (RFC 3696, section 2), so that `P@ssw0rd.Summer24` is no address. */
const EMAIL = /^[^\s@]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}(?:\p{L}{2,63}|xn--[a-z\d-]{2,59})$/iu;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._+\\-]{0,63}$/u;

/**
 * Applies the `typedIdentity` policy to the trimmed name. A name that looks like a password is never stored, whatever the policy.
 *
 * @param typed the typed user name
 * @param isPassword whether the same text was typed as password
 * @param policy the policy
 * @param key the key of the digest; without one there is no digest
 */
export function storedIdentity(typed: string, isPassword: boolean, policy: TypedIdentityPolicy, key: string | undefined): StoredIdentity {
  const name = typed.trim();
  if (policy === 'omit' || name === '') return {};
  if (isPassword || looksLikePassword(name)) return { identity_withheld: 'looks_like_password' };
  const kept: StoredIdentity = {};
  if (policy === 'plain') assignText(kept, name);
  if (policy === 'masked') assignText(kept, mask(name));
  if (key !== undefined && policy !== 'plain') kept.identity_hmac = identityDigest(name, key);
  return kept;
}

/**
 * Computes the keyed digest of a user name, which identifies all attempts on one account without storing its name: HMAC-SHA256 (RFC 2104) over the
 * trimmed, lower-cased NFKC form, 32 hex digits.
 *
 * @param typed what was typed as user name
 * @param key the key
 */
export function identityDigest(typed: string, key: string): string {
  const form = typed.trim().slice(0, MAX_IDENTITY).normalize('NFKC').toLowerCase();
  return createHmac('sha256', key).update(form).digest('hex').slice(0, 32);
}

/**
 * Computes the keyed digest of a session id, which identifies all events of one session without storing its id: HMAC-SHA256 (RFC 2104), 32 hex
 * digits.
 *
 * @param id the session's id
 * @param key the key
 */
export function sessionDigest(id: string, key: string): string {
  return createHmac('sha256', key).update(`session:${id}`).digest('hex').slice(0, 32);
}

/**
 * Masks a user name so that somebody who knows it can recognise it: first letter, a fixed number of stars, last letter. The domain of an e-mail
 * address is kept.
 *
 * @param typed what was typed as user name
 */
export function mask(typed: string): string {
  const text = typed.trim().slice(0, MAX_IDENTITY);
  if (!EMAIL.test(text)) return maskPart(text);
  const at = text.lastIndexOf('@');
  return `${maskPart(text.slice(0, at))}${text.slice(at)}`;
}

/**
 * Whether a typed user name may be a password: it does not have the form of a user name or e-mail address, and mixes at least three kinds of
 * characters, or is long with digits and letters in random order.
 *
 * @param typed what was typed as user name
 */
export function looksLikePassword(typed: string): boolean {
  const text = typed.trim().slice(0, MAX_IDENTITY);
  if (EMAIL.test(text)) return false;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{N}/u, /[^\p{L}\p{N}\p{Extended_Pictographic}\p{C}\s._+'"-]/u].filter((kind) =>
    kind.test(text),
  ).length;
  if (!NAME.test(text)) return text.length >= 8 && kinds >= 3;
  return text.length >= 16 && kinds >= 3 && entropy(text) > 3.5;
}

function assignText(kept: StoredIdentity, text: string): void {
  const clean = cleanText(text, MAX_IDENTITY);
  if (clean !== undefined) kept.identity = clean;
}

function maskPart(part: string): string {
  const letters = Array.from(part);
  if (letters.length <= 2) return '***';
  return `${letters[0]}***${letters.length > 4 ? letters.at(-1) : ''}`;
}

/** Shannon entropy in bits per character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const length = Array.from(text).length;
  let bits = 0;
  for (const count of counts.values()) bits -= (count / length) * Math.log2(count / length);
  return bits;
}

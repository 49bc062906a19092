import { bodyTexts, type BodyPart, type BodyTexts } from './request-body.js';

const PASSWORD_WORDS: ReadonlySet<string> = new Set([
  ...[
    'password',
    'passwords',
    'passwd',
    'pass',
    'pwd',
    'psw',
    'pswd',
    'pw',
    'passphrase',
    'passcode',
    'pin',
    'pincode',
    'otp',
    'totp',
    'secret',
  ],
  ...['passwort', 'kennwort', 'senha', 'contrasena', 'contraseña', 'motdepasse', 'wachtwoord', 'parola', 'haslo', 'hasło'],
]);

/** No other English word ends in these, so `userpassword` is a password field, too. */
const PASSWORD_END = /(?:password|passwd|passphrase|passcode)\d*$/;
const MAY_BE_PASSWORD = /pas|pw|psw|pin|otp|secret|kennwort|senha|contrase|wacht|parola|has[lł]o/i;
const MAX_FIELD_NAME = 256;

const IDENTITY_WORDS = /user|e-?mail|login|identifier|account|phone|mobile|handle/i;
/** Names of one-time codes. Postal codes and coupons are not among them. */
const CODE_NAME =
  /^(?:verification|verify|login|signin|auth|mfa|2fa|twofactor|sms|email|confirmation|access|onetime|magic|backup|recovery)?code$/;

/** Names of tokens and assertions that an identity provider issues: OpenID Connect, SAML 2.0, WS-Federation, Google's sign-in. */
const CREDENTIAL_NAMES: ReadonlySet<string> = new Set(['samlresponse', 'idtoken', 'assertion', 'wresult', 'credential', 'clientassertion']);
const MIN_CREDENTIAL = 16;

/**
 * Whether a form field holds a secret, by the words in its name, in any case and spelling: `Password`, `user[password]`, `loginPwd`,
 * `new-passphrase`, `pin`, but not `shipping` or `compass`.
 *
 * @param name the field's name
 */
export function isPasswordField(name: string): boolean {
  if (PASSWORD_WORDS.has(name)) return true;
  if (name.length > MAX_FIELD_NAME || !MAY_BE_PASSWORD.test(name)) return false;
  return wordsOf(name).some((word) => PASSWORD_WORDS.has(word.replace(/\d+$/, '')) || PASSWORD_END.test(word));
}

/**
 * Returns the values of a body's password fields. Callers may only compare them, and must never store or send them.
 *
 * @param body the parsed body
 */
export function passwordsIn(body: unknown): string[] {
  return bodyTexts(body).parts.flatMap(passwordsOf);
}

/**
 * Whether a body has a password field that is not empty.
 *
 * @param body the parsed body
 */
export function hasPassword(body: unknown): boolean {
  return passwordsIn(body).length > 0;
}

/**
 * Whether a body contains a credential: a password, a code with a name, a token or assertion of an identity provider, the response of a passkey, or a
 * grant (RFC 6749) other than a refresh. An e-mail address alone is not a credential. A body that is too large to be read in full counts as
 * containing one, so that padding cannot hide an attempt.
 *
 * @param body the parsed body
 */
export function carriesCredential(body: unknown): boolean {
  return textsCarryCredential(bodyTexts(body));
}

/**
 * Like {@link carriesCredential}, for the texts of a body.
 *
 * @param texts texts of the body
 */
export function textsCarryCredential({ parts, isComplete }: BodyTexts): boolean {
  return !isComplete || parts.some(partCarriesCredential);
}

/**
 * Returns the values of the password fields in one object of a body.
 *
 * @param part the texts of the object
 */
export function passwordsOf(part: BodyPart): string[] {
  return [...part].filter(([name]) => isPasswordField(name)).map(([, value]) => value);
}

/**
 * Returns the `grant_type` in one object of a body (RFC 6749).
 *
 * @param part the texts of the object
 */
export function grantOf(part: BodyPart): string | undefined {
  return part.get('grant_type') ?? part.get('grantType');
}

function partCarriesCredential(part: BodyPart): boolean {
  const grant = grantOf(part);
  if (grant !== undefined && grant !== 'refresh_token') return true;
  const names = [...part.keys()];
  if (names.some(isPasswordField) || isPasskeyAnswer(part) || isSignedMessage(part) || isGraphqlLogin(part)) return true;
  if (names.some((name) => CREDENTIAL_NAMES.has(plainName(name)) && part.get(name)!.length >= MIN_CREDENTIAL)) return true;
  const hasCode = names.some((name) => CODE_NAME.test(plainName(name)));
  return hasCode && (part.has('state') || names.some((name) => name.length <= MAX_FIELD_NAME && IDENTITY_WORDS.test(name)));
}

/** Whether an object contains the assertion of an authenticator (Web Authentication, section 5.2.2). */
function isPasskeyAnswer(part: BodyPart): boolean {
  return part.has('authenticatorData') && part.has('signature');
}

/** Whether an object contains a GraphQL document with a password as argument: `login(name: "…", password: "…")`. */
function isGraphqlLogin(part: BodyPart): boolean {
  const document = part.get('query');
  return document !== undefined && document.includes('{') && argumentsIn(document).some(isPasswordField);
}

function argumentsIn(document: string): string[] {
  return Array.from(document.matchAll(/(\w{2,64})\s*:/g), ([, name]) => name!);
}

/** Whether an object contains a message signed with the key of an account (ERC-4361). */
function isSignedMessage(part: BodyPart): boolean {
  return part.has('message') && part.has('signature');
}

/**
 * Splits a name in camelCase, PascalCase, snake_case, kebab-case or brackets into words in lower case.
 *
 * @param name a field's name
 */
function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u);
}

/**
 * Returns the innermost name without separators, in lower case: `emailcode` for both `user[email_code]` and `emailCode`.
 *
 * @param name a field's name; the result is empty if it is too long
 */
export function plainName(name: string): string {
  if (name.length > MAX_FIELD_NAME) return '';
  const inner = name.endsWith(']') ? name.slice(name.lastIndexOf('[') + 1, -1) : name;
  return inner.replace(/[-_.\s]/g, '').toLowerCase();
}

import { grantOf, isPasswordField, passwordsOf, plainName, textsCarryCredential } from '../attempt/password-fields.js';
import { type BodyPart, bodyTexts } from '../attempt/request-body.js';

/** The values of a login form that the event needs. */
export interface LoginForm {
  identity?: string;
  identityIsPassword: boolean;
  hasPassword: boolean;
  /** Whether the body contains a credential: a password, a code, an assertion, a grant. */
  carriesCredential: boolean;
  /** Whether the body is a token request (RFC 6749, section 4). */
  hasGrant: boolean;
  /** A token request in which a client names itself (RFC 6749, section 2.3.1), so that the framework's user may be that client. */
  namesClient?: boolean;
  /** The body renews what was granted before (RFC 6749, section 6; Feathers' `jwt` strategy), and has no password. */
  isRefresh: boolean;
}

/** Names of the field for the user name, without separators and in lower case; the first that a form has counts. */
const IDENTITY_NAMES = [
  ...['username', 'email', 'login', 'user', 'identifier', 'account', 'handle', 'useremail', 'emailaddress', 'mail', 'loginname', 'loginid'],
  ...[
    'usernameoremail',
    'emailorusername',
    'userlogin',
    'loginemail',
    'accountname',
    'jusername',
    'userid',
    'uname',
    'phone',
    'phonenumber',
  ],
] as const;
/** The login of npm, CouchDB and Drupal calls it `name`; without a password beside it, that is anything's name. */
const NAMES_BESIDE_PASSWORD: readonly string[] = [...IDENTITY_NAMES, 'name'];
const REFRESH_NAMES: ReadonlySet<string> = new Set(['refreshtoken', 'refresh']);

/**
 * Finds the user name in a login form's parsed body, or in the variables of a GraphQL request, however its fields are written (`Username`,
 * `user[email]`, `email_address`). The password is only compared, never handed on.
 *
 * @param body the parsed body
 * @param extracted what the `identity` extractor returned, which counts first if it is a text or a number
 */
export function readLoginForm(body: unknown, extracted?: unknown): LoginForm {
  const texts = bodyTexts(body);
  const passwords = texts.parts.flatMap(passwordsOf);
  const identity = (textOf(extracted) ?? identityIn(texts.parts))?.trim();
  const hasPassword = passwords.length > 0;
  const carries = textsCarryCredential(texts);
  return {
    ...(identity !== undefined && identity !== '' && { identity }),
    identityIsPassword: identity !== undefined && passwords.some((password) => password.trim() === identity),
    hasPassword,
    carriesCredential: carries,
    hasGrant: texts.parts.some((part) => grantOf(part) !== undefined),
    ...(texts.parts.some(namesClient) && { namesClient: true }),
    isRefresh: !hasPassword && texts.parts.some((part) => asksForRefresh(part, carries || texts.emptyFields.some(isPasswordField))),
  };
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

/** Returns the name next to the password, otherwise the outermost name. */
function identityIn(parts: readonly BodyPart[]): string | undefined {
  const beside = parts.filter((part) => [...part.keys()].some(isPasswordField));
  for (const part of beside) {
    const identity = identityOf(part, NAMES_BESIDE_PASSWORD);
    if (identity !== undefined) return identity;
  }
  for (const part of parts) {
    const identity = identityOf(part, IDENTITY_NAMES);
    if (identity !== undefined) return identity;
  }
  return undefined;
}

function identityOf(part: BodyPart, names: readonly string[]): string | undefined {
  let found: string | undefined;
  let rank = names.length;
  for (const [name, value] of part) {
    const place = names.indexOf(plainName(name));
    if (place === -1 || place >= rank || value.trim() === '') continue;
    found = value;
    rank = place;
  }
  return found;
}

function namesClient(part: BodyPart): boolean {
  return grantOf(part) !== undefined && [...part.keys()].some((name) => plainName(name) === 'clientid');
}

/** A form for a password or with another credential is a login, even if none was typed, unless it names the grant. */
function asksForRefresh(part: BodyPart, isLoginForm: boolean): boolean {
  const grant = grantOf(part);
  if (grant !== undefined) return grant === 'refresh_token';
  if (isLoginForm) return false;
  // A client of Feathers sends the token that it has, whenever its page loads.
  if (part.get('strategy') === 'jwt') return true;
  return [...part.keys()].some((name) => REFRESH_NAMES.has(plainName(name)));
}

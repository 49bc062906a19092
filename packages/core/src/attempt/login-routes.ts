/** The properties of a request's body that the table of login routes depends on. */
export interface BodyKind {
  /** Whether the body contains a credential. */
  carriesCredential: boolean;
  /** Whether the body asks for a token: by an OAuth grant (RFC 6749, `grant_type`) or a password. */
  asksForToken: boolean;
}

const LOGIN_WORDS: ReadonlySet<string> = new Set([
  ...['login', 'log-in', 'log_in', 'logon', 'log-on', 'log_on', 'signin', 'sign-in', 'sign_in', 'authenticate', 'authentication'],
]);

/** Login words that may be followed by a method: `sign-in/email`, `login/passkey`. */
const LOGIN_FOLDERS: ReadonlySet<string> = new Set([
  'login',
  'log-in',
  'log_in',
  'logon',
  'log-on',
  'log_on',
  'signin',
  'sign-in',
  'sign_in',
]);

const PROCEDURES: ReadonlySet<string> = new Set([...LOGIN_FOLDERS, 'authenticate']);

/** Words that name a login only with a credential: `POST /sessions`, `POST /api/auth`. */
const WITH_CREDENTIAL: ReadonlySet<string> = new Set(['session', 'sessions', 'auth']);

/** A login word beside others in a segment: `user-login`, `adminlogin`, `do_signin`, `loginuser`, `login-with-otp`. */
const COMPOUND =
  /(?:-|user|admin|customer|member|do|process|check|submit)(?:log-?in|log-?on|sign-?in|authenticate)$|^(?:log-?in|sign-?in|authenticate)(?:-|user|admin|customer|member|with|by|via|check|submit)/;

/** Compounds in which the login is only what something else is about: `change-login`, `login-history`. */
const ABOUT_LOGINS =
  /(?:^|-)(?:forgot|reset|recover|change|update|edit|create|add|new|delete|remove|list|history|attempts?|alerts?|settings?|options?)(?:-|$)/;

/** Strapi, Passport; Auth.js. */
const LOGIN_ENDS: ReadonlySet<string> = new Set(['auth/local', 'callback/credentials']);

/** A text without any of these is no login path. Most paths of an application are told apart by this one search. */
const ANY_WORD = new RegExp([...LOGIN_WORDS, ...PROCEDURES, ...LOGIN_ENDS, 'token', 'session', 'auth', 'logon'].join('|'));

/** A target that all routers read alike: segments of plain characters, none of which begins with a dot. */
const PLAIN_TARGET = /^(?:\/[\w-][\w.~!$&'()*+,=:@-]*)*\/?(?=[?#]|$)/;

/**
 * Whether a POST is a login by default, if no routes are configured: the table contains the login paths of common stacks.
 *
 * @param path the decoded path without its query; letter case and trailing slashes are ignored
 * @param body properties of the body: `session`, `auth` and compounds such as `user-login` are logins only with a credential, `token` only if it asks for one
 */
export function isLoginPath(path: string, body: BodyKind): boolean {
  const text = path.toLowerCase();
  if (!ANY_WORD.test(text)) return false;
  const [last, folder] = endOf(text);
  if (last === undefined) return false;
  if (LOGIN_WORDS.has(last) || (folder !== undefined && LOGIN_FOLDERS.has(folder))) return true;
  if (LOGIN_ENDS.has(`${folder ?? ''}/${last}`) || isLoginProcedure(last)) return true;
  if (last === 'token') return body.asksForToken;
  return body.carriesCredential && (WITH_CREDENTIAL.has(last) || isCompound(last));
}

/**
 * Whether the last segment of a path is a login word. A redirect to such a page means that the login failed.
 *
 * @param path a path without query
 */
export function endsInLoginWord(path: string): boolean {
  const [last] = endOf(path.toLowerCase());
  return last !== undefined && (LOGIN_WORDS.has(last) || /[-_](?:login|signin|logon)$/.test(last));
}

function isCompound(segment: string): boolean {
  const words = segment.replaceAll('_', '-');
  return COMPOUND.test(words) && !ABOUT_LOGINS.test(words);
}

/**
 * Returns the paths that some router may read from a request target (RFC 9112, section 3.2; RFC 3986, section 6.2.2): in absolute form,
 * percent-encoded, with backslashes, double slashes, dot segments or parameters after a semicolon. No single router accepts all of them, so they
 * decide only whether a response is read, never whether there was an attempt.
 *
 * @param target the unchanged request target
 * @returns the paths, in lower case, each once
 */
export function looseForms(target: string): string[] {
  const plain = PLAIN_TARGET.exec(target);
  if (plain) return [plain[0] === '' ? '/' : plain[0].toLowerCase()];
  const path = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#\\]*/i, '');
  const forms = new Set<string>();
  for (const form of [path, decodeOnce(path)]) {
    // Node's legacy URL parser, which Express uses, reads `\` as `/`, like browsers.
    const cut = form
      .replaceAll('\\', '/')
      .replace(/[?#].*$/s, '')
      .toLowerCase();
    for (const reading of [cut, cut.replace(/;.*$/s, ''), cut.replace(/;[^/]*/g, '')]) {
      const clean = `/${reading}`.replace(/\/{2,}/g, '/');
      forms.add(clean).add(withoutDots(clean));
    }
  }
  return [...forms];
}

/** The last segment of a path in lower case and the one before it, without `.json`, `.data` (React Router) and trailing slashes. */
function endOf(path: string): [last: string | undefined, folder: string | undefined] {
  const segments = path.split('/').filter((segment) => segment !== '');
  return [segments.at(-1)?.replace(/\.(?:json|data)$/, ''), segments.at(-2)];
}

/**
 * Whether a segment calls a login procedure of tRPC or the like: `auth.login`, or several procedures in one request, `post.list,auth.login`.
 *
 * @param segment of a path, in lower case
 */
export function isLoginProcedure(segment: string): boolean {
  if (!segment.includes('.')) return false;
  return segment.split(',').some((call) => {
    const dot = call.lastIndexOf('.');
    return dot > 0 && PROCEDURES.has(call.slice(dot + 1));
  });
}

/** Decodes percent-encoding once, and leaves malformed sequences unchanged. */
function decodeOnce(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return Buffer.from(run.replaceAll('%', ''), 'hex').toString('latin1');
    }
  });
}

function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`;
}

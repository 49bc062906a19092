/** What a request's body says about itself, as far as the table of login routes asks. */
export interface BodyKind {
  /** The body proves who sent it, or tries to. */
  carriesCredential: boolean;
  /** The body asks for a token (RFC 6749, `grant_type`). */
  hasGrant: boolean;
}

const LOGIN_WORDS: ReadonlySet<string> = new Set([
  ...['login', 'log-in', 'log_in', 'logon', 'log-on', 'log_on', 'signin', 'sign-in', 'sign_in', 'authenticate', 'authentication'],
]);

/** What may be followed by how it is done: `sign-in/email`, `login/passkey`. */
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

/** Strapi, Passport; Auth.js. */
const LOGIN_ENDS: ReadonlySet<string> = new Set(['auth/local', 'callback/credentials']);

/** The most that is looked at, from the end, in UTF-16 code units. */
const MAX_PATH = 2048;
const MAX_PROCEDURES = 100;

/**
 * Whether a POST is a login where no routes are configured: the paths of the stacks that people use.
 *
 * @param path the path that the framework routed, decoded, without its query; letter case and slashes at the end do not count
 * @param body what its body says about itself: a bare `session` is a login only with a credential, a `token` only with a grant
 */
export function isLoginPath(path: string, body: BodyKind): boolean {
  const [last, folder] = endOf(path);
  if (last === undefined) return false;
  if (LOGIN_WORDS.has(last) || (folder !== undefined && LOGIN_FOLDERS.has(folder))) return true;
  if (LOGIN_ENDS.has(`${folder ?? ''}/${last}`) || isLoginProcedure(last)) return true;
  if (last === 'token') return body.hasGrant;
  return (last === 'session' || last === 'sessions') && body.carriesCredential;
}

/**
 * Whether the last word of a path is a login word: a redirect to such a page says that the login failed.
 *
 * @param path a path without query
 */
export function endsInLoginWord(path: string): boolean {
  const [last] = endOf(path);
  return last !== undefined && LOGIN_WORDS.has(last);
}

/**
 * The paths that a request target may mean to some router (RFC 9112, section 3.2; RFC 3986, section 6.2.2): in absolute form, percent-encoded,
 * with backslashes, double slashes, dot segments or parameters behind a semicolon. There are more than any one router sees, so this decides only
 * whether an answer is worth reading, never whether there was an attempt.
 *
 * @param target the request target as it came
 * @returns the paths, in lower case, each once
 */
export function looseForms(target: string): string[] {
  const path = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#\\]*/i, '');
  const forms = new Set<string>();
  for (const form of [path, decodeOnce(path)]) {
    // Node's old parser of URLs, which Express uses, takes `\` for `/`, and so do browsers.
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

/** The last segment and the one before it, without `.json` or `.data` (React Router) and slashes at the end. */
function endOf(path: string): [last: string | undefined, folder: string | undefined] {
  const segments = path
    .slice(-MAX_PATH)
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');
  return [segments.at(-1)?.replace(/\.(?:json|data)$/, ''), segments.at(-2)];
}

/** A call of tRPC or the like: `auth.login`, or several in one request, `post.list,auth.login`. */
function isLoginProcedure(segment: string): boolean {
  if (!segment.includes('.')) return false;
  return segment.split(',', MAX_PROCEDURES).some((call) => {
    const dot = call.lastIndexOf('.');
    return dot > 0 && PROCEDURES.has(call.slice(dot + 1));
  });
}

/** Decodes what is percent-encoded, and leaves what is malformed. */
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

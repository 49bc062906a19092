/** What was typed into a login form, as far as the event needs it. */
export interface Typed {
  identity?: string;
  identityIsPassword: boolean;
  hasPassword: boolean;
  /** An OAuth 2 token request that renews what was granted before (RFC 6749, section 6). */
  isRefresh: boolean;
}

const IDENTITY_KEYS = ['username', 'email', 'login', 'user', 'userName', 'user_name', 'identifier', 'account', 'handle'] as const;
const PASSWORD_KEYS = ['password', 'pass', 'passwd', 'pwd', 'secret', 'current_password'] as const;

/**
 * Finds the user name in a login form's parsed body. The password is only compared, never handed on.
 *
 * @param body the parsed body
 * @param extracted what the `identity` extractor returned, which counts first
 */
export function typedIn(body: unknown, extracted?: string): Typed {
  const bag = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const identity = extracted ?? IDENTITY_KEYS.map((key) => bag[key]).find((value) => typeof value === 'string' && value !== '');
  const passwords = PASSWORD_KEYS.map((key) => bag[key]).filter((value) => typeof value === 'string' && value !== '');
  return {
    ...(typeof identity === 'string' && { identity }),
    identityIsPassword: typeof identity === 'string' && passwords.some((password) => (password as string).trim() === identity.trim()),
    hasPassword: passwords.length > 0,
    isRefresh: bag['grant_type'] === 'refresh_token',
  };
}

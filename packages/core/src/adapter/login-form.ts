/** What was typed into a login form, as far as the event needs it. */
export interface LoginForm {
  identity?: string;
  identityIsPassword: boolean;
  hasPassword: boolean;
  /** An OAuth 2 token request that renews what was granted before (RFC 6749, section 6). */
  isRefresh: boolean;
}

const IDENTITY_KEYS = ['username', 'email', 'login', 'user', 'userName', 'user_name', 'identifier', 'account', 'handle'] as const;
const PASSWORD_KEYS = ['password', 'pass', 'passwd', 'pwd', 'secret', 'current_password'] as const;

const NOTHING_TYPED: LoginForm = { identityIsPassword: false, hasPassword: false, isRefresh: false };

/**
 * Finds the user name in a login form's parsed body, or in the variables of a GraphQL request. The password is only compared, never handed on.
 *
 * @param body the parsed body
 * @param extracted what the `identity` extractor returned, which counts first
 */
export function readLoginForm(body: unknown, extracted?: string): LoginForm {
  if (extracted === undefined && (typeof body !== 'object' || body === null)) return NOTHING_TYPED;
  const form = bagOf(body);
  const variables = bagOf(form['variables']);
  const bags = [form, variables, bagOf(variables['input'])];
  const identity = extracted ?? textsIn(bags, IDENTITY_KEYS)[0];
  const passwords = textsIn(bags, PASSWORD_KEYS);
  return {
    ...(identity !== undefined && { identity }),
    identityIsPassword: identity !== undefined && passwords.some((password) => password.trim() === identity.trim()),
    hasPassword: passwords.length > 0,
    isRefresh: form['grant_type'] === 'refresh_token',
  };
}

function textsIn(bags: readonly Record<string, unknown>[], keys: readonly string[]): string[] {
  const found: string[] = [];
  for (const bag of bags) {
    for (const key of keys) {
      const value = bag[key];
      if (typeof value === 'string' && value !== '') found.push(value);
    }
  }
  return found;
}

function bagOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

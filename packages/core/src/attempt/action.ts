import type { Crud } from '../event/event.js';

/** What an event can say was tried, with its `crud` and its name in descriptions. */
const ACTION_TABLE = {
  'user.login': { crud: 'c', title: 'Login' },
  'user.login.challenge': { crud: 'c', title: 'Login challenge' },
  'user.logout': { crud: 'd', title: 'Logout' },
  'user.session.refresh': { crud: 'u', title: 'Session refresh' },
  'user.password.change': { crud: 'u', title: 'Password change' },
  'user.password.reset': { crud: 'u', title: 'Password reset' },
  'user.impersonate.start': { crud: 'c', title: 'Impersonation start' },
  'user.impersonate.stop': { crud: 'd', title: 'Impersonation stop' },
} as const satisfies Record<string, { crud: Crud; title: string }>;

/** What was tried. */
export type AuditAction = keyof typeof ACTION_TABLE;

/** All actions, the login first. */
export const ACTIONS = Object.keys(ACTION_TABLE) as [AuditAction, ...AuditAction[]];

/**
 * The `crud` of an action and its name in descriptions.
 *
 * @param action what was tried
 */
export function aboutAction(action: AuditAction): { crud: Crud; title: string } {
  return ACTION_TABLE[action];
}

/**
 * Whether an action is about getting in: until it succeeds nobody is proven.
 *
 * @param action what was tried
 */
export function isLoginAction(action: AuditAction): boolean {
  return action === 'user.login' || action === 'user.login.challenge';
}

/**
 * Whether a word is one of {@link ACTIONS}.
 *
 * @param word from the application's own code
 */
export function isAction(word: unknown): word is AuditAction {
  return typeof word === 'string' && Object.hasOwn(ACTION_TABLE, word);
}

import type { Crud } from '../event/event.js';

/** The audited actions, with the `crud` of their events and their names in descriptions. */
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

/** An audited action. */
export type AuditAction = keyof typeof ACTION_TABLE;

/** All audited actions, with the login first. */
export const ACTIONS = Object.keys(ACTION_TABLE) as [AuditAction, ...AuditAction[]];

/** The actions of the events that an auditor records about itself. */
export const LIFECYCLE_ACTIONS = ['audit.start', 'audit.stop', 'audit.gap'] as const;

/**
 * Returns the `crud` of an action and its name in descriptions.
 *
 * @param action the action
 */
export function aboutAction(action: AuditAction): { crud: Crud; title: string } {
  return ACTION_TABLE[action];
}

/**
 * Whether an action logs somebody in. Before it succeeds, no account is proven.
 *
 * @param action the action of an attempt
 */
export function isLoginAction(action: AuditAction): boolean {
  return action === 'user.login' || action === 'user.login.challenge';
}

/**
 * Whether a word is one of {@link ACTIONS}.
 *
 * @param word a value from the application's code
 */
export function isAction(word: unknown): word is AuditAction {
  return typeof word === 'string' && Object.hasOwn(ACTION_TABLE, word);
}

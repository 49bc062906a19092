import { type AuditAction, isLoginAction } from '../action.js';
import type { Attempt, NamedAccount, SessionSnapshot } from '../attempt.js';
import type { EvidenceSource } from './statement.js';

/** The session changed during this request in the way that the action changes it, and was saved. */
export const session: EvidenceSource = (attempt) => {
  if (attempt.session.isSaved === false) return undefined;
  const { after } = attempt.session;
  if (!isLoginAction(attempt.action)) return hasActed(attempt) ? { evidence: 'session', says: 'success', strength: 'sign' } : undefined;
  if (!after || !sessionGotOwner(attempt)) return undefined;
  return { evidence: 'session', says: 'success', strength: 'sign', ...(after.owner !== undefined && { account: ownerIn(after) }) };
};

/**
 * Whether the session got another owner during this request, or the same owner in a new session after the owner's name and a password were typed, or began to
 * say that somebody is in.
 *
 * @param attempt the change of the session, the form, and the credentials of the request
 */
export function sessionGotOwner({
  session: { before, after },
  form,
  credentials,
}: Pick<Attempt, 'session' | 'form' | 'credentials'>): boolean {
  if (!after || !hasOwner(after)) return false;
  // A request without a cookie had no session before.
  if (before === 'unseen') return !credentials.cookie;
  if (after.owner === undefined) return !hasOwner(before);
  if (before?.owner !== after.owner) return true;
  return before.id !== after.id && form.hasPassword && isNamed(after, form.identity);
}

/** Whether a session says that somebody is logged in. */
function hasOwner(session: SessionSnapshot | undefined): boolean {
  return session?.owner !== undefined || session?.isIn === true;
}

/** The account that a session belongs to. */
function ownerIn({ owner, name, names, group }: SessionSnapshot): NamedAccount {
  return { id: owner!, ...(name !== undefined && { name }), ...(names && { names }), ...(group !== undefined && { group }) };
}

function isNamed({ owner, names = [] }: SessionSnapshot, identity: string | undefined): boolean {
  if (identity === undefined) return false;
  const typed = identity.trim().toLowerCase();
  return [owner!, ...names].some((name) => name.toLowerCase() === typed);
}

type SessionTest = (before: SessionSnapshot, after: SessionSnapshot | undefined) => boolean;

/** How an action other than a login changes the session of somebody who was in. */
const CHANGES: Partial<Record<AuditAction, SessionTest>> = {
  'user.logout': (_before, after) => !hasOwner(after),
  'user.session.refresh': (before, after) => before.owner === after?.owner && before.id !== after?.id,
  'user.impersonate.start': gotAnotherOwner,
  'user.impersonate.stop': gotAnotherOwner,
};

function gotAnotherOwner(before: SessionSnapshot, after: SessionSnapshot | undefined): boolean {
  return after?.owner !== undefined && before.owner !== after.owner;
}

function hasActed({ action, session: { before, after } }: Attempt): boolean {
  if (before === 'unseen' || before === undefined || !hasOwner(before)) return false;
  return CHANGES[action]?.(before, after) ?? false;
}

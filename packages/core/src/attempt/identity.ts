import { type AuditAction, isLoginAction } from './action.js';
import { type ActorInput, type Attempt, type GroupInput, type NamedAccount, statedAction } from './attempt.js';
import type { Outcome } from './outcome.js';

/** The source of an event's group: proven by the login, claimed by the request, or none. */
type GroupSource = 'resolved' | 'claimed' | 'none';

/** The accounts and the tenant of an event. */
export interface ResolvedIdentity {
  actor?: ActorInput | undefined;
  group?: GroupInput | undefined;
  groupSource: GroupSource;
  /** The account that was acted on. */
  target?: ActorInput | undefined;
  /** Whether the typed name is the account: the credential was right, and no other evidence names an account. */
  isTyped: boolean;
}

/** The actor, the target and the tenant. */
interface Parties {
  actor?: ActorInput | undefined;
  target?: ActorInput | undefined;
  group?: GroupInput | undefined;
}

/**
 * Decides the actor, the target and the group of an event. The actor of a success is the account that the deciding evidence names. A login that did
 * not succeed has no actor; the account that was tried is its target. A group that the request names is `claimed` until an account is proven, and is
 * never replaced by another tenant.
 *
 * @param attempt the attempt
 * @param outcome its outcome
 */
export function resolveIdentity(attempt: Attempt, outcome: Outcome): ResolvedIdentity {
  const action = statedAction(attempt);
  const said = { ...attempt.rule, ...attempt.verdict, ...attempt.mark };
  const { actor, target, group } = isLoginAction(action)
    ? partiesOfLogin(attempt, outcome, said)
    : partiesOf(action, attempt, outcome, said);
  const isSuccess = outcome.outcome === 'success';
  const named = said.group ?? attempt.group ?? group;
  return {
    actor,
    target: said.target ?? target,
    group: named,
    groupSource: groupSourceOf(named, isSuccess || actor !== undefined),
    isTyped: isSuccess && isLoginAction(action) && actor === undefined,
  };
}

function groupSourceOf(group: GroupInput | undefined, isProven: boolean): GroupSource {
  if (group === undefined) return 'none';
  return isProven ? 'resolved' : 'claimed';
}

function partiesOfLogin(attempt: Attempt, { outcome, account }: Outcome, said: Parties): Parties {
  if (outcome !== 'success') return { target: said.actor ?? inputOf(account) };
  const proven = detailed(account, attempt.user);
  return { actor: said.actor ?? attempt.actor ?? inputOf(proven), group: proven?.group };
}

/** Adds the details of the framework's user, since a session often stores only the id. */
function detailed(account: NamedAccount | undefined, user: NamedAccount | undefined): NamedAccount | undefined {
  return account && user?.id === account.id ? { ...user, ...account } : account;
}

/** The accounts that act and are acted on. */
interface Accounts {
  actor: NamedAccount | undefined;
  target?: NamedAccount | undefined;
}

/** Who acted, by the accounts that were logged in before the action and after it. Of every other action it is the one that is logged in. */
const WHO_ACTED: Partial<Record<AuditAction, (before: NamedAccount | undefined, after: NamedAccount | undefined) => Accounts>> = {
  'user.logout': (before, after) => ({ actor: before ?? after }),
  'user.impersonate.start': (before, after) => actingOn(before, after),
  'user.impersonate.stop': (before, after) => actingOn(after, before),
};

/** One account acted on another, unless both are the same. */
function actingOn(actor: NamedAccount | undefined, other: NamedAccount | undefined): Accounts {
  return { actor: actor ?? other, target: actor && other?.id !== actor.id ? other : undefined };
}

/** Decides the actor and the target of an action by somebody who is logged in. */
function partiesOf(action: AuditAction, attempt: Attempt, outcome: Outcome, said: Parties): Parties {
  const { before, after } = loggedIn(attempt, action);
  const proven = outcome.outcome === 'success' ? outcome.account : undefined;
  const { actor, target } = WHO_ACTED[action]?.(before, after) ?? { actor: after ?? before ?? proven };
  return { actor: said.actor ?? attempt.actor ?? inputOf(actor), target: inputOf(target), group: actor?.group };
}

/** The accounts that were logged in. Who impersonates one account and goes on to another acts as the account that began. */
function loggedIn({ session, userBefore, user }: Attempt, action: AuditAction): Record<'before' | 'after', NamedAccount | undefined> {
  const seen = session.before === 'unseen' ? undefined : session.before;
  const began = action === 'user.impersonate.start' ? seen?.originalActor : undefined;
  return { before: began === undefined ? (ownerOf(seen) ?? userBefore) : { id: began }, after: ownerOf(session.after) ?? user };
}

function ownerOf(session: { owner?: string; name?: string; group?: GroupInput } | undefined): NamedAccount | undefined {
  if (session?.owner === undefined) return undefined;
  const { owner, name, group } = session;
  return { id: owner, ...(name !== undefined && { name }), ...(group !== undefined && { group }) };
}

function inputOf(account: NamedAccount | undefined): ActorInput | undefined {
  if (!account) return undefined;
  return account.name === undefined || account.name === account.id ? account.id : { id: account.id, name: account.name };
}

import { type AuditAction, isLoginAction } from './action.js';
import type { ActorInput, Attempt, GroupInput, NamedAccount } from './attempt.js';
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
  const action = attempt.mark?.action ?? attempt.rule?.action ?? attempt.action;
  const said = { ...attempt.rule, ...attempt.verdict, ...attempt.mark };
  const { actor, target, group } = isLoginAction(action)
    ? partiesOfLogin(attempt, outcome, said)
    : partiesOf(action, attempt, outcome, said);
  const isProven = actor !== undefined || outcome.outcome === 'success';
  const named = said.group ?? attempt.group ?? group;
  return {
    actor,
    target: said.target ?? target,
    group: named,
    groupSource: named === undefined ? 'none' : isProven ? 'resolved' : 'claimed',
    isTyped: outcome.outcome === 'success' && isLoginAction(action) && actor === undefined,
  };
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

/** Decides the actor and the target of an action by somebody who is logged in. */
function partiesOf(action: AuditAction, attempt: Attempt, outcome: Outcome, said: Parties): Parties {
  const { session } = attempt;
  const seen = session.before === 'unseen' ? undefined : session.before;
  const before = ownerOf(seen) ?? attempt.userBefore;
  const after = ownerOf(session.after) ?? attempt.user;
  const parties = (): { actor: NamedAccount | undefined; target?: NamedAccount | undefined } => {
    switch (action) {
      case 'user.logout':
        return { actor: before ?? after };
      case 'user.impersonate.start':
        return { actor: before ?? after, target: before && after?.id !== before.id ? after : undefined };
      case 'user.impersonate.stop':
        return { actor: after ?? before, target: after && before?.id !== after.id ? before : undefined };
      default:
        return { actor: after ?? before ?? (outcome.outcome === 'success' ? outcome.account : undefined) };
    }
  };
  const { actor, target } = parties();
  return { actor: said.actor ?? attempt.actor ?? inputOf(actor), target: inputOf(target), group: actor?.group };
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

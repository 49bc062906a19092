import { type AuditAction, isLoginAction } from './action.js';
import type { ActorInput, Attempt, GroupInput, NamedAccount } from './attempt.js';
import type { Outcome } from './outcome.js';

/** Where the group of an event came from: proven with the login, said by the request, or none. */
type GroupSource = 'resolved' | 'claimed' | 'none';

/** Whom an event is about. */
export interface ResolvedIdentity {
  actor?: ActorInput | undefined;
  group?: GroupInput | undefined;
  groupSource: GroupSource;
  /** The account that it was done to. */
  target?: ActorInput | undefined;
  /** The typed name is the account, since its credential was right and nothing else names one. */
  isTyped: boolean;
}

/** Who acts, on whom, and what is known of the tenant. */
interface Parties {
  actor?: ActorInput | undefined;
  target?: ActorInput | undefined;
  group?: GroupInput | undefined;
}

/**
 * Decides whom an event is about. A success names the account that the deciding evidence names; an attempt to log in that did not succeed has no
 * actor, and the account that it is about is its target. A group that the request itself names is `claimed` until somebody is proven; another
 * tenant is never put in its place.
 *
 * @param attempt what was observed
 * @param outcome how it came out
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

/** A session often keeps the id alone, and the framework's user the rest. */
function detailed(account: NamedAccount | undefined, user: NamedAccount | undefined): NamedAccount | undefined {
  return account && user?.id === account.id ? { ...user, ...account } : account;
}

/** In an action of somebody who is logged in: who acts, and on whom. */
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

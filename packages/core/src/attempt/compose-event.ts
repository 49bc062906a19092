import { aboutAction, type AuditAction, isLoginAction } from './action.js';
import { type ActorInput, type Attempt, type GroupInput, statedAction } from './attempt.js';
import { resolveIdentity } from './identity.js';
import type { Outcome } from './outcome.js';
import type { AuditEvent } from '../event/event.js';
import type { EventInput, MapInput } from '../event/input.js';
import { cleanEvent } from '../event/normalise.js';
import { cleanId } from '../event/text.js';
import { sessionDigest, type StoredIdentity, storedIdentity, type TypedIdentityPolicy } from './typed-identity.js';

/** Settings for composing events. */
export interface ComposeSettings {
  component?: string | undefined;
  version?: string | undefined;
  typedIdentity: TypedIdentityPolicy;
  identityKey?: string | undefined;
}

const MAX_USER_AGENT = 512;
const MAX_REQUEST_ID = 128;
const MAX_FACTORS = 8;
const MAX_FACTOR = 32;
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}/;
const NO_TRACE = '0'.repeat(32);

/**
 * Composes the event of an attempt. It copies only attributes that are named here, so that no password, token or cookie can get into the event.
 *
 * @param attempt the attempt
 * @param outcome its outcome
 * @param settings settings of the application
 */
export function composeEvent(attempt: Attempt, outcome: Outcome, settings: ComposeSettings): AuditEvent {
  const identity = resolveIdentity(attempt, outcome);
  const typed = storedIdentity(attempt.form.identity ?? '', attempt.form.identityIsPassword, settings.typedIdentity, settings.identityKey);
  const typedActor = identity.isTyped ? typedAccount(attempt, typed, settings.typedIdentity) : undefined;
  const actor = partOf(identity.actor, ['name', 'href', 'fields']) ?? typedActor;
  const action = actionOf(attempt, outcome);
  const target = partOf(identity.target, ['name', 'href', 'fields']);
  const input: EventInput = {
    action,
    crud: aboutAction(action).crud,
    actor,
    group: partOf(identity.group, ['name']),
    target: target && { ...target, type: 'account' },
    is_failure: outcome.outcome === 'failure' || outcome.outcome === 'unknown',
    is_anonymous: actor === undefined,
    source_ip: attempt.address,
    created: attempt.startedAt,
    description: `${aboutAction(outcome.outcome === 'challenge' ? 'user.login' : action).title} ${ENDS[outcome.outcome]}`,
    component: settings.component,
    version: settings.version,
    fields: {
      ...fieldsOf(attempt, outcome, settings.identityKey),
      original_actor: originalActorOf(action, attempt, actor),
      group_source: identity.groupSource,
      actor_source: typedActor && 'typed',
      // If there is an actor, the masked name is omitted. The digest is kept, since it identifies all attempts on one name.
      ...(actor === undefined ? typed : { identity_hmac: typed.identity_hmac }),
    },
  };
  return cleanEvent(input);
}

function fieldsOf(attempt: Attempt, { outcome, reason, evidence, contrary }: Outcome, identityKey: string | undefined): MapInput {
  const { ending } = attempt;
  return {
    outcome,
    reason,
    evidence: evidence.join(','),
    contrary: contrary.length === 0 ? undefined : contrary.map((one) => `${one.evidence}:${one.says}`).join(','),
    found_by: attempt.foundBy,
    attempt: attempt.number,
    corrects: attempt.corrects,
    ending: ending.kind === 'aborted' ? 'aborted' : undefined,
    ...credentialsOf(attempt),
    session_hmac: attempt.sessionId && identityKey && sessionDigest(attempt.sessionId, identityKey),
    // The status of a response that was not sent is omitted.
    status: ending.kind === 'answered' ? ending.status : undefined,
    duration_ms: Math.round(attempt.duration),
    route: attempt.route,
    user_agent: attempt.userAgent?.slice(0, MAX_USER_AGENT),
    request_id: attempt.requestId?.slice(0, MAX_REQUEST_ID),
    trace_id: traceIdOf(attempt.traceparent),
  };
}

/** By which method and factors the account was proven. What was stated ranks before what was observed. */
function credentialsOf({ mark, rule, verdict, method, factors }: Attempt): MapInput {
  return {
    method: mark?.method ?? rule?.method ?? method,
    factors: factorsOf(mark?.factors ?? rule?.factors ?? verdict?.factors ?? factors),
  };
}

/** The typed name is the account, since the credential was right, unless it may be a password or the policy does not store names. */
function typedAccount({ form }: Attempt, { identity_withheld }: StoredIdentity, policy: TypedIdentityPolicy): { id: string } | undefined {
  if (policy === 'hmac' || policy === 'omit' || identity_withheld !== undefined) return undefined;
  return partOf(form.identity, []);
}

const ENDS = {
  success: 'succeeded',
  failure: 'failed',
  challenge: 'awaits a further factor',
  unknown: 'ended without proof of success or failure',
} as const;

/** A challenge is a separate action. A challenge that was met is a login. */
function actionOf(attempt: Attempt, { outcome }: Outcome): AuditAction {
  const action = statedAction(attempt);
  if (!isLoginAction(action)) return action;
  if (outcome === 'challenge') return 'user.login.challenge';
  return outcome === 'success' ? 'user.login' : action;
}

/** The result of an extractor may be any value that a client sent. */
function factorsOf(factors: unknown): string | undefined {
  if (!Array.isArray(factors)) return undefined;
  return factors
    .slice(0, MAX_FACTORS)
    .filter((factor) => typeof factor === 'string')
    .map((factor) => factor.slice(0, MAX_FACTOR))
    .join(',');
}

/** The start of an impersonation also gets `fields.original_actor`, so that one search over this field finds all actions under impersonation. */
function originalActorOf(
  action: AuditAction,
  { mark, rule, originalActor }: Attempt,
  actor: { id: string } | undefined,
): string | undefined {
  if (action === 'user.impersonate.start' || action === 'user.impersonate.stop') return partOf(mark?.originalActor, [])?.id ?? actor?.id;
  return partOf(mark?.originalActor ?? rule?.originalActor ?? originalActor, [])?.id;
}

/** Copies the attributes of an actor or group that the API stores. Without a usable id the actor or group is omitted. */
function partOf(input: ActorInput | GroupInput | null | undefined, keys: readonly string[]): { id: string } | undefined {
  const described = typeof input === 'object' && input !== null && input.toString === Object.prototype.toString;
  const bag = (described ? input : { id: input }) as Record<string, unknown>;
  const id = cleanId(bag['id']);
  return id === undefined ? undefined : { ...Object.fromEntries(keys.map((key) => [key, bag[key]])), id };
}

function traceIdOf(traceparent: string | undefined): string | undefined {
  const id = traceparent === undefined ? undefined : TRACEPARENT.exec(traceparent.slice(0, 64))?.[1];
  return id === NO_TRACE ? undefined : id;
}

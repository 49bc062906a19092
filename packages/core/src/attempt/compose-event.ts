import { aboutAction, type AuditAction, isLoginAction } from './action.js';
import type { ActorInput, Attempt, GroupInput } from './attempt.js';
import { resolveIdentity } from './identity.js';
import type { Outcome } from './outcome.js';
import type { AuditEvent } from '../event/event.js';
import type { EventInput, MapInput } from '../event/input.js';
import { cleanEvent } from '../event/normalise.js';
import { cleanId } from '../event/text.js';
import { storedIdentity, sessionDigest, type TypedIdentityPolicy } from './typed-identity.js';

/** What composing needs beside the attempt. */
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
 * Composes the event of an attempt. It takes from the attempt what is named here and nothing else, so that no password, token or cookie can
 * come along.
 *
 * @param attempt what was observed
 * @param outcome how it came out
 * @param settings what the application configured
 */
export function composeEvent(attempt: Attempt, outcome: Outcome, settings: ComposeSettings): AuditEvent {
  const identity = resolveIdentity(attempt, outcome);
  const actor = partOf(identity.actor, ['name', 'href', 'fields']);
  const { ending, mark } = attempt;
  const action = actionOf(attempt, outcome);
  const target = partOf(identity.target, ['name', 'href', 'fields']);
  const { typedIdentity, identityKey } = settings;
  const fields: MapInput = {
    outcome: outcome.outcome,
    reason: outcome.reason,
    evidence: outcome.evidence,
    group_source: identity.groupSource,
    method: mark?.method ?? attempt.method,
    factors: factorsOf(mark?.factors ?? attempt.factors),
    original_actor: originalActorOf(action, mark?.originalActor, actor),
    session_hmac: attempt.sessionId && identityKey && sessionDigest(attempt.sessionId, identityKey),
    status: ending.kind === 'answered' ? ending.status : undefined,
    duration_ms: Math.round(attempt.duration),
    route: attempt.route,
    user_agent: attempt.userAgent?.slice(0, MAX_USER_AGENT),
    request_id: attempt.requestId?.slice(0, MAX_REQUEST_ID),
    trace_id: traceIdOf(attempt.traceparent),
  };
  if (attempt.identity !== undefined && actor === undefined) {
    Object.assign(fields, storedIdentity(attempt.identity, attempt.identityIsPassword ?? false, typedIdentity, identityKey));
  }
  const input: EventInput = {
    action,
    crud: aboutAction(action).crud,
    actor,
    group: partOf(identity.group, ['name']),
    target: target && { ...target, type: 'user' },
    is_failure: outcome.outcome === 'failure' || outcome.outcome === 'unknown',
    is_anonymous: actor === undefined,
    source_ip: attempt.address,
    created: attempt.startedAt,
    description: `${aboutAction(outcome.outcome === 'challenge' ? 'user.login' : action).title} ${ENDS[outcome.outcome]}`,
    component: settings.component,
    version: settings.version,
    fields,
  };
  return cleanEvent(input);
}

const ENDS = {
  success: 'succeeded',
  failure: 'failed',
  challenge: 'awaits a further factor',
  unknown: 'ended without proof of success or failure',
} as const;

/** A challenge is an action of its own; one that was met is a login. */
function actionOf(attempt: Attempt, { outcome }: Outcome): AuditAction {
  const action = attempt.mark?.action ?? attempt.action;
  if (!isLoginAction(action)) return action;
  if (outcome === 'challenge') return 'user.login.challenge';
  return outcome === 'success' ? 'user.login' : action;
}

function factorsOf(factors: readonly string[] | undefined): string | undefined {
  if (!Array.isArray(factors)) return undefined;
  return factors
    .slice(0, MAX_FACTORS)
    .map((factor) => String(factor).slice(0, MAX_FACTOR))
    .join(',');
}

/** Who impersonates is named twice, so that one search over `fields.original_actor` finds all that was done in another's name. */
function originalActorOf(action: AuditAction, marked: ActorInput | undefined, actor: { id: string } | undefined): string | undefined {
  if (marked !== undefined) return partOf(marked, [])?.id;
  return action === 'user.impersonate.start' || action === 'user.impersonate.stop' ? actor?.id : undefined;
}

/** Takes of an actor or group what the API keeps; one without a usable id costs the event nothing but that part. */
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

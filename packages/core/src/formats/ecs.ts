import type { AuditEvent } from '../event/event.js';
import { compact, partsOf } from './event-parts.js';

/** An event in the Elastic Common Schema. */
export type EcsEvent = Record<string, unknown> & {
  /** ISO 8601. */
  '@timestamp': string;
  ecs: { version: string };
};

const VERSION = '8.17.0';
const NANOSECONDS = 1_000_000;

/** The combinations of `event.category` and `event.type` that ECS allows. */
const KINDS = new Map<string, { category: string[]; type: string[] }>([
  ['user.login', { category: ['authentication'], type: ['start'] }],
  ['user.logout', { category: ['authentication'], type: ['end'] }],
  ['user.password.change', { category: ['iam'], type: ['user', 'change'] }],
  ['user.password.reset', { category: ['iam'], type: ['user', 'change'] }],
]);
const OTHERS = { category: ['authentication'], type: ['info'] };

/**
 * Converts an event to ECS, in the category `authentication`, or `iam` for password changes. Values for which ECS has no field go to `labels`.
 *
 * @param event an event as it was sent or read back
 * @see https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category
 */
export function toEcs(event: AuditEvent): EcsEvent {
  const { time, status } = partsOf(event);
  const { fields = {}, group, source_ip } = event;
  const sections = {
    event: eventSection(event),
    message: event.description,
    user: userSection(event),
    organization: group && compact({ id: group.id, name: group.name }),
    source: source_ip === undefined ? undefined : { ip: source_ip, address: source_ip },
    user_agent: compact({ original: fields['user_agent'] }),
    http: compact({ response: compact({ status_code: status }), request: compact({ id: fields['request_id'] }) }),
    trace: compact({ id: fields['trace_id'] }),
    service: compact({ name: event.component, version: event.version }),
    related: relatedSection(event),
    labels: labelsSection(event),
  };
  return { '@timestamp': new Date(time).toISOString(), ecs: { version: VERSION }, ...compact(sections) };
}

function eventSection(event: AuditEvent): object | undefined {
  const { outcome, reason, duration } = partsOf(event);
  return compact({
    kind: 'event',
    ...(KINDS.get(event.action) ?? OTHERS),
    action: event.action,
    outcome: outcome === 'challenge' ? 'unknown' : outcome,
    reason,
    id: event.external_id,
    duration: duration === undefined ? undefined : duration * NANOSECONDS,
    provider: 'auditlogin',
  });
}

/** `user` is the account that acted. An account that was only tried is `user.target`, since nobody's identity is proven. */
function userSection(event: AuditEvent): object | undefined {
  const { actor, target, fields } = event;
  const typed = actor ? undefined : fields?.['identity'];
  const isTried = target !== undefined && !actor;
  return compact({
    id: actor?.id,
    name: actor ? actor.name : isTried ? undefined : typed,
    [impersonates(event) ? 'effective' : 'target']: target && compact({ id: target.id, name: target.name ?? typed }),
  });
}

function relatedSection({ actor, target, source_ip, fields }: AuditEvent): object | undefined {
  const names = [actor?.id, actor?.name, target?.id, target?.name, fields?.['original_actor']].filter((name) => name !== undefined);
  return compact({
    ip: source_ip === undefined ? undefined : [source_ip],
    user: names.length > 0 ? [...new Set(names)] : undefined,
  });
}

function labelsSection(event: AuditEvent): object | undefined {
  const { evidence, method, factors, group_source, identity_hmac, session_hmac, route, original_actor, corrects } = event.fields ?? {};
  const { outcome } = partsOf(event);
  return compact({
    auditlogin_outcome: outcome,
    evidence,
    method,
    factors,
    group_source,
    identity_hmac,
    session_hmac,
    route,
    original_actor,
    corrects,
  });
}

function impersonates({ action }: AuditEvent): boolean {
  return action === 'user.impersonate.start' || action === 'user.impersonate.stop';
}

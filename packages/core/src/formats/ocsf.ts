import type { AuditEvent } from '../event/event.js';
import { compact, partsOf } from './event-parts.js';

/** An event in the Open Cybersecurity Schema Framework. */
export type OcsfEvent = Record<string, unknown> & {
  category_uid: 3;
  class_uid: 3001 | 3002;
  activity_id: number;
  type_uid: number;
  /** Milliseconds since 1970. */
  time: number;
};

const VERSION = '1.1.0';
const AUTHENTICATION = 3002;
const ACCOUNT_CHANGE = 3001;
const OTHER = 99;

/** Classes and activities of the OCSF 1.1.0 category Identity & Access Management. */
const ACTIVITIES = new Map<string, { class_uid: 3001 | 3002; activity_id: number; activity_name: string }>([
  ['user.login', { class_uid: AUTHENTICATION, activity_id: 1, activity_name: 'Logon' }],
  ['user.login.challenge', { class_uid: AUTHENTICATION, activity_id: 1, activity_name: 'Logon' }],
  ['user.logout', { class_uid: AUTHENTICATION, activity_id: 2, activity_name: 'Logoff' }],
  ['user.password.change', { class_uid: ACCOUNT_CHANGE, activity_id: 3, activity_name: 'Password Change' }],
  ['user.password.reset', { class_uid: ACCOUNT_CHANGE, activity_id: 4, activity_name: 'Password Reset' }],
]);
const STATUS = {
  success: { status_id: 1, status: 'Success' },
  failure: { status_id: 2, status: 'Failure' },
  challenge: { status_id: 99, status: 'Challenge' },
  unknown: { status_id: 0, status: 'Unknown' },
} as const;
const LOW = { severity_id: 2, severity: 'Low' } as const;
const INFORMATIONAL = { severity_id: 1, severity: 'Informational' } as const;
const SEVERITY = { success: INFORMATIONAL, failure: LOW, challenge: INFORMATIONAL, unknown: LOW } as const;
const PROTOCOLS = new Map<string | undefined, { auth_protocol_id: number; auth_protocol: string }>([
  ['oidc', { auth_protocol_id: 4, auth_protocol: 'OpenID' }],
  ['openid', { auth_protocol_id: 4, auth_protocol: 'OpenID' }],
  ['saml', { auth_protocol_id: 5, auth_protocol: 'SAML' }],
  ['oauth', { auth_protocol_id: 6, auth_protocol: 'OAUTH 2.0' }],
]);

/**
 * Converts an event to OCSF: class Authentication (3002), or Account Change (3001) for password changes. Values for which OCSF has no field go to
 * `unmapped`.
 *
 * @param event an event as it was sent or read back
 * @see https://schema.ocsf.io/1.1.0/classes/authentication
 */
export function toOcsf(event: AuditEvent): OcsfEvent {
  const { outcome, reason, time, factors, duration, status } = partsOf(event);
  const { fields = {}, source_ip } = event;
  const activity = ACTIVITIES.get(event.action) ?? { class_uid: AUTHENTICATION, activity_id: OTHER, activity_name: event.action };
  const isAuthentication = activity.class_uid === AUTHENTICATION;
  return {
    ...activity,
    category_uid: 3,
    category_name: 'Identity & Access Management',
    class_name: isAuthentication ? 'Authentication' : 'Account Change',
    type_uid: activity.class_uid * 100 + activity.activity_id,
    time,
    ...SEVERITY[outcome],
    ...STATUS[outcome],
    metadata: metadataOf(event),
    ...usersOf(event),
    ...(isAuthentication ? authenticationOf(event, factors) : {}),
    ...compact({
      status_detail: reason,
      message: event.description,
      duration,
      src_endpoint: source_ip === undefined ? undefined : { ip: source_ip },
      http_request: compact({ user_agent: fields['user_agent'], uid: fields['request_id'] }),
      unmapped: compact({
        outcome,
        evidence: fields['evidence'],
        method: fields['method'],
        factors: fields['factors'],
        status,
        route: fields['route'],
        corrects: fields['corrects'],
      }),
    }),
  };
}

function metadataOf({ external_id, fields }: AuditEvent): object {
  return {
    version: VERSION,
    product: { name: 'auditlogin', vendor_name: 'auditlogin' },
    ...compact({ uid: external_id, correlation_uid: fields?.['trace_id'] }),
  };
}

/**
 * Returns user and actor. The user is the account that the event is about. The actor is another account that acted: the one that impersonates, or the one that
 * resets a password. A change of an account always has an actor.
 */
function usersOf(event: AuditEvent): object {
  const { actor, target, group, fields } = event;
  const org = group && { uid: group.id, ...compact({ name: group.name }) };
  const user = userOf(target ?? actor, fields?.['identity'], org);
  const acting = actingOn(event);
  return acting ? { user, actor: { user: userOf(acting, undefined, org) } } : { user };
}

function actingOn({ action, actor, target, fields }: AuditEvent): { id: string; name?: string } | undefined {
  const original = fields?.['original_actor'];
  if (actor && target) return actor;
  if (original !== undefined && original !== (target ?? actor)?.id) return { id: original };
  return ACTIVITIES.get(action)?.class_uid === ACCOUNT_CHANGE ? actor : undefined;
}

function userOf(account: { id: string; name?: string } | undefined, typed: string | undefined, org: object | undefined): object {
  if (!account) return { name: typed ?? 'anonymous', type_id: 0, type: 'Unknown', ...compact({ org }) };
  return { uid: account.id, type_id: 1, type: 'User', ...compact({ name: account.name, org }) };
}

/** The attributes that only the Authentication class has. */
function authenticationOf({ component, version, fields }: AuditEvent, factors: readonly string[]): object {
  const session = fields?.['session_hmac'];
  return {
    service: { name: component ?? 'unknown', ...compact({ version }) },
    is_remote: true,
    is_mfa: factors.length > 1,
    ...PROTOCOLS.get(fields?.['method']),
    ...compact({ session: session === undefined ? undefined : { uid: session, is_remote: true } }),
  };
}

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

/** Classes and activities of OCSF 1.1.0, Identity & Access Management. */
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
const PROTOCOLS = new Map<string | undefined, { auth_protocol_id: number; auth_protocol: string }>([
  ['oidc', { auth_protocol_id: 4, auth_protocol: 'OpenID' }],
  ['openid', { auth_protocol_id: 4, auth_protocol: 'OpenID' }],
  ['saml', { auth_protocol_id: 5, auth_protocol: 'SAML' }],
  ['oauth', { auth_protocol_id: 6, auth_protocol: 'OAUTH 2.0' }],
]);

/**
 * An event as OCSF: Authentication (3002), or Account Change (3001) for passwords. What OCSF has no place for is in `unmapped`.
 *
 * @param event an event as it was sent or read back
 * @see https://schema.ocsf.io/1.1.0/classes/authentication
 */
export function toOcsf(event: AuditEvent): OcsfEvent {
  const { outcome, reason, time, factors, duration, status } = partsOf(event);
  const { fields = {}, actor, target, group } = event;
  const activity = ACTIVITIES.get(event.action) ?? { class_uid: AUTHENTICATION, activity_id: OTHER, activity_name: event.action };
  const isAuthentication = activity.class_uid === AUTHENTICATION;
  const isFailure = outcome === 'failure' || outcome === 'unknown';
  const org = group && { uid: group.id, ...(group.name !== undefined && { name: group.name }) };
  const acting = userOf(actor, fields['identity'], org);
  // The subject is who gets in, or whose account is changed: not who acts for them.
  const subject = target ? userOf(target, undefined, org) : acting;
  const isMfa = factors.length > 1;
  return {
    ...activity,
    category_uid: 3,
    category_name: 'Identity & Access Management',
    class_name: isAuthentication ? 'Authentication' : 'Account Change',
    type_uid: activity.class_uid * 100 + activity.activity_id,
    time,
    severity_id: isFailure ? 2 : 1,
    severity: isFailure ? 'Low' : 'Informational',
    ...STATUS[outcome],
    ...(reason && { status_detail: reason }),
    ...(event.description !== undefined && { message: event.description }),
    ...(duration !== undefined && { duration }),
    metadata: {
      version: VERSION,
      product: { name: 'auditlogin', vendor_name: 'auditlogin' },
      ...(event.external_id !== undefined && { uid: event.external_id }),
      ...(fields['trace_id'] !== undefined && { correlation_uid: fields['trace_id'] }),
    },
    user: subject,
    ...((target || actor) && { actor: { user: acting } }),
    ...(event.source_ip !== undefined && { src_endpoint: { ip: event.source_ip } }),
    ...httpOf(fields),
    ...(isAuthentication && {
      service: { name: event.component ?? 'unknown', ...(event.version !== undefined && { version: event.version }) },
      is_remote: true,
      is_mfa: isMfa,
      ...PROTOCOLS.get(fields['method']),
      ...(fields['session_hmac'] !== undefined && { session: { uid: fields['session_hmac'], is_remote: true } }),
    }),
    ...unmapped({
      outcome,
      evidence: fields['evidence'],
      method: fields['method'],
      factors: fields['factors'],
      status,
      route: fields['route'],
    }),
  };
}

function userOf(account: { id: string; name?: string } | undefined, typed: string | undefined, org: object | undefined): object {
  const known = account ? { uid: account.id, ...(account.name !== undefined && { name: account.name }) } : { name: typed ?? 'anonymous' };
  return { ...known, type_id: account ? 1 : 0, type: account ? 'User' : 'Unknown', ...(org && { org }) };
}

function httpOf(fields: Record<string, string>): object {
  const http_request = compact({ user_agent: fields['user_agent'], uid: fields['request_id'] });
  return http_request ? { http_request } : {};
}

function unmapped(members: Record<string, unknown>): object {
  const rest = compact(members);
  return rest ? { unmapped: rest } : {};
}

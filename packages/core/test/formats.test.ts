import fc from 'fast-check';
import { z } from 'zod';
import { ACTIONS, type AuditEvent, toEcs, toOcsf } from '../src/index.js';
import { normaliseEvent } from '../src/log.js';
import { anyEvent } from './arbitraries.js';

const text = z.string().min(1);
const oneOf =
  (...keys: string[]) =>
  (value: object) =>
    keys.some((key) => key in value);

/** The schemas of the OCSF 1.1.0 classes and objects that are used. They refuse unknown attributes. */
const org = z.strictObject({ uid: text.optional(), name: text.optional() }).refine(oneOf('uid', 'name'));
const user = z
  .strictObject({
    uid: text.optional(),
    name: text.optional(),
    type_id: z.union([z.literal([0, 1, 2, 3, 99])]),
    type: text,
    org: org.optional(),
  })
  .refine(oneOf('account', 'name', 'uid'));
const base = {
  category_uid: z.literal(3),
  category_name: z.literal('Identity & Access Management'),
  activity_name: text,
  type_uid: z.number().int(),
  time: z.number().int().min(0),
  severity_id: z.literal([0, 1, 2, 3, 4, 5, 6, 99]),
  severity: text,
  status_id: z.literal([0, 1, 2, 99]),
  status: text,
  status_detail: text.optional(),
  message: text.optional(),
  duration: z.number().int().min(0).optional(),
  metadata: z.strictObject({
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    product: z.strictObject({ name: text, vendor_name: text }),
    uid: text.optional(),
    correlation_uid: text.optional(),
  }),
  user,
  actor: z.strictObject({ user }).optional(),
  src_endpoint: z.strictObject({ ip: z.union([z.ipv4(), z.ipv6()]) }).optional(),
  http_request: z.strictObject({ user_agent: text.optional(), uid: text.optional() }).optional(),
  unmapped: z.record(z.string(), z.unknown()).optional(),
};
const ocsf = z
  .discriminatedUnion('class_uid', [
    z
      .strictObject({
        ...base,
        class_uid: z.literal(3002),
        class_name: z.literal('Authentication'),
        activity_id: z.literal([0, 1, 2, 3, 4, 5, 99]),
        service: z.strictObject({ name: text, version: text.optional() }).optional(),
        dst_endpoint: z.never().optional(),
        is_remote: z.boolean().optional(),
        is_mfa: z.boolean().optional(),
        auth_protocol_id: z.literal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99]).optional(),
        auth_protocol: text.optional(),
        session: z.strictObject({ uid: text, is_remote: z.boolean() }).optional(),
      })
      .refine(oneOf('service', 'dst_endpoint')),
    z.strictObject({ ...base, class_uid: z.literal(3001), class_name: z.literal('Account Change'), activity_id: z.literal([3, 4]) }),
  ])
  .refine((event) => event.type_uid === event.class_uid * 100 + event.activity_id, 'type_uid is class_uid * 100 + activity_id');

/** ECS 8.17: the allowed values of `event.category`, the types that each one expects, and the types of the fields that are used. */
const EXPECTED_TYPES: Record<string, string[]> = {
  authentication: ['start', 'end', 'info'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
};
const ecsUser = { id: text.optional(), name: text.optional() };
const ecs = z.strictObject({
  '@timestamp': z.iso.datetime(),
  ecs: z.strictObject({ version: z.string().regex(/^8\.\d+\.\d+$/) }),
  event: z
    .strictObject({
      kind: z.literal('event'),
      category: z.array(z.literal(['authentication', 'iam'])).length(1),
      type: z.array(text).min(1),
      action: text,
      outcome: z.literal(['success', 'failure', 'unknown']),
      reason: text.optional(),
      id: text.optional(),
      duration: z.number().int().min(0).optional(),
      provider: text,
    })
    .refine(({ category, type }) => type.every((each) => EXPECTED_TYPES[category[0]!]!.includes(each))),
  message: text.optional(),
  user: z
    .strictObject({ ...ecsUser, target: z.strictObject(ecsUser).optional(), effective: z.strictObject(ecsUser).optional() })
    .optional(),
  organization: z.strictObject(ecsUser).optional(),
  source: z.strictObject({ ip: z.union([z.ipv4(), z.ipv6()]), address: text }).optional(),
  user_agent: z.strictObject({ original: text }).optional(),
  http: z
    .strictObject({
      response: z.strictObject({ status_code: z.number().int() }).optional(),
      request: z.strictObject({ id: text }).optional(),
    })
    .optional(),
  trace: z.strictObject({ id: text }).optional(),
  service: z.strictObject({ name: text.optional(), version: text.optional() }).optional(),
  related: z.strictObject({ ip: z.array(text).optional(), user: z.array(text).optional() }).optional(),
  labels: z.record(z.string(), z.string()),
});

const login: AuditEvent = {
  action: 'user.login',
  crud: 'c',
  actor: { id: 'u1', name: 'Ann' },
  group: { id: 'acme', name: 'Acme Inc.' },
  is_failure: false,
  is_anonymous: false,
  source_ip: '2001:db8:0:0:0:0:0:7',
  created: '2026-11-23T08:00:00.123Z',
  description: 'Login succeeded',
  component: 'shop',
  version: '1.2.3',
  external_id: '01a209cb-ceb0-77cc-b902-30e30430e94b',
  fields: {
    outcome: 'success',
    evidence: 'session',
    method: 'oidc',
    factors: 'password,totp',
    status: '302',
    duration_ms: '63',
    user_agent: 'curl/8',
    request_id: 'r-1',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    session_hmac: 'ab12',
  },
};
const failure: AuditEvent = {
  ...login,
  is_failure: true,
  is_anonymous: true,
  fields: { outcome: 'failure', reason: 'wrong_password', identity: 'a***', status: '401' },
};
delete failure.actor;

it.each<[string, AuditEvent, object, object]>([
  [
    'a login',
    login,
    {
      class_uid: 3002,
      activity_id: 1,
      type_uid: 300201,
      status_id: 1,
      severity_id: 1,
      is_mfa: true,
      auth_protocol_id: 4,
      time: Date.parse(login.created!),
      user: { uid: 'u1', name: 'Ann', org: { uid: 'acme' } },
      actor: undefined,
      service: { name: 'shop', version: '1.2.3' },
      src_endpoint: { ip: '2001:db8:0:0:0:0:0:7' },
    },
    {
      '@timestamp': '2026-11-23T08:00:00.123Z',
      event: { category: ['authentication'], type: ['start'], outcome: 'success', duration: 63_000_000 },
      user: { id: 'u1' },
      trace: { id: '0af7651916cd43dd8448eb211c80319c' },
      http: { response: { status_code: 302 } },
    },
  ],
  [
    'an anonymous failure',
    failure,
    { status_id: 2, status_detail: 'wrong_password', user: { name: 'a***', type_id: 0 } },
    { event: { outcome: 'failure', reason: 'wrong_password' }, user: { name: 'a***' } },
  ],
  [
    'a failure on a known account',
    { ...failure, target: { id: 'u1', type: 'account' } },
    { status_id: 2, user: { uid: 'u1', type_id: 1 }, actor: undefined },
    { user: { target: { id: 'u1', name: 'a***' } }, related: { user: ['u1'] } },
  ],
  [
    'a challenge of a known account',
    {
      ...failure,
      action: 'user.login.challenge',
      is_failure: false,
      target: { id: 'u1', name: 'Ann', type: 'account' },
      fields: { outcome: 'challenge' },
    },
    { status_id: 99, user: { uid: 'u1', name: 'Ann' }, actor: undefined },
    { user: { target: { id: 'u1', name: 'Ann' } }, related: { user: ['u1', 'Ann'] } },
  ],
  [
    'what somebody does in the name of another',
    { ...login, fields: { ...login.fields, original_actor: 'admin' } },
    { user: { uid: 'u1' }, actor: { user: { uid: 'admin' } } },
    { user: { id: 'u1' }, related: { user: ['u1', 'Ann', 'admin'] }, labels: { original_actor: 'admin' } },
  ],
  [
    'a password that its owner changes',
    { ...login, action: 'user.password.change' },
    { class_uid: 3001, user: { uid: 'u1' }, actor: { user: { uid: 'u1' } } },
    { user: { id: 'u1' } },
  ],
  [
    'an event that corrects another',
    { ...login, fields: { ...login.fields, corrects: 'first' } },
    { unmapped: { corrects: 'first' } },
    { labels: { corrects: 'first' } },
  ],
  [
    'a challenge',
    { ...login, action: 'user.login.challenge', fields: { outcome: 'challenge' } },
    { status_id: 99, activity_id: 1 },
    { event: { outcome: 'unknown', type: ['info'] }, labels: { auditlogin_outcome: 'challenge' } },
  ],
  ['a logout', { ...login, action: 'user.logout' }, { activity_id: 2, type_uid: 300202 }, { event: { type: ['end'] } }],
  [
    'a password that an operator resets',
    { ...login, action: 'user.password.reset', target: { id: 'u2', type: 'user' } },
    { class_uid: 3001, type_uid: 300104, user: { uid: 'u2' }, actor: { user: { uid: 'u1' } } },
    { event: { category: ['iam'], type: ['user', 'change'] }, user: { id: 'u1', target: { id: 'u2' } } },
  ],
  [
    'an impersonation',
    { ...login, action: 'user.impersonate.start', target: { id: 'u2', type: 'user' } },
    { activity_id: 99, activity_name: 'user.impersonate.start', user: { uid: 'u2' }, actor: { user: { uid: 'u1' } } },
    { user: { id: 'u1', effective: { id: 'u2' } } },
  ],
  [
    'an event by hand',
    { action: 'report.export', crud: 'r', is_failure: true, created: '2026-11-23T08:00:00Z' },
    { status_id: 2, activity_id: 99, service: { name: 'unknown' }, user: { name: 'anonymous' } },
    { event: { outcome: 'failure', type: ['info'] } },
  ],
])('converts %s', (_name, event, inOcsf, inEcs) => {
  expect({ actor: undefined, ...ocsf.parse(toOcsf(event)) }).toMatchObject(inOcsf);
  expect(ecs.parse(toEcs(event))).toMatchObject(inEcs);
});

const anyFields = fc.record(
  {
    outcome: fc.constantFrom('success', 'failure', 'challenge', 'unknown', 'toString'),
    reason: fc.constantFrom('aborted', 'constructor'),
    method: fc.constantFrom('oidc', 'saml', '__proto__'),
    duration_ms: fc.constantFrom('12', '-1', '1e99', 'x'),
    status: fc.constantFrom('200', ''),
    factors: fc.string(),
  },
  { requiredKeys: [] },
);

it('converts any event to a valid one in both formats', () => {
  fc.assert(
    fc.property(anyEvent, fc.constantFrom(...ACTIONS, '__proto__', 'x'), anyFields, (input, action, fields) => {
      const event = normaliseEvent({ ...input, is_anonymous: true, action, fields: { ...input.fields, ...fields } });
      ocsf.parse(toOcsf(event));
      ecs.parse(toEcs(event));
    }),
  );
});

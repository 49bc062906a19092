import fc from 'fast-check';
import { ACTIONS } from '../src/attempt/action.js';
import { type Attempt, REASONS } from '../src/attempt/attempt.js';
import { decideOutcome } from '../src/attempt/outcome.js';
import { composeEvent } from '../src/attempt/compose-event.js';
import { violations } from '../src/event/rules.js';
import { nastyMap, nastyText } from './arbitraries.js';

/** Values that JavaScript callers may pass. */
const anyId = fc.oneof(nastyText, fc.constant(''), fc.integer(), fc.bigInt(), fc.constant(Number.NaN), fc.constant(null), fc.object());
const anyParty = fc.oneof(anyId, fc.record({ id: anyId, name: anyId, href: anyId, fields: fc.oneof(nastyMap, anyId) }));

const anyDetails = {
  action: fc.constantFrom(...ACTIONS),
  actor: anyParty,
  group: anyParty,
  target: anyParty,
  originalActor: anyParty,
  method: anyId,
  factors: fc.oneof(fc.array(nastyText), anyId),
};
const said = { outcome: fc.constantFrom('success', 'failure', 'challenge'), reason: fc.constantFrom(...REASONS), ...anyDetails };
const anyAccount = fc.record({ id: nastyText, name: nastyText, names: fc.array(nastyText), group: anyParty }, { requiredKeys: ['id'] });
const anySession = fc.oneof(
  fc.constant(undefined),
  fc.record(
    { id: nastyText, owner: nastyText, name: nastyText, names: fc.array(nastyText), group: anyParty, originalActor: nastyText },
    { requiredKeys: [] },
  ),
);

const anyAttempt = fc.record(
  {
    action: fc.constantFrom(...ACTIONS),
    foundBy: fc.constantFrom('route', 'effect', 'marker'),
    number: fc.integer({ min: 1, max: 1_000 }),
    corrects: nastyText,
    startedAt: fc.integer({ min: 0, max: 4e12 }),
    duration: fc.double({ min: 0, max: 1e9, noNaN: true }),
    ending: fc.record(
      {
        kind: fc.constantFrom('answered', 'aborted'),
        status: fc.integer({ min: 100, max: 599 }),
        location: nastyText,
        contentType: nastyText,
        authenticate: nastyText,
      },
      { requiredKeys: ['kind'] },
    ),
    path: nastyText,
    target: nastyText,
    route: nastyText,
    mark: fc.record(said, { requiredKeys: ['outcome'] }),
    rule: fc.record(said, { requiredKeys: ['outcome'] }),
    verdict: fc.record({ library: nastyText, ...said }, { requiredKeys: ['library', 'outcome'] }),
    session: fc.record(
      { before: fc.oneof(anySession, fc.constant('unseen')), after: anySession, isSaved: fc.boolean() },
      { requiredKeys: ['before', 'after'] },
    ),
    userAppeared: fc.boolean(),
    userBefore: anyAccount,
    user: anyAccount,
    credentials: fc.record(
      { cookie: fc.boolean(), authorization: nastyText, header: fc.boolean() },
      { requiredKeys: ['cookie', 'header'] },
    ),
    answer: fc.record(
      {
        credential: fc.record({ account: anyAccount }, { requiredKeys: [] }),
        shape: fc.constantFrom('success', 'failure', 'challenge', 'contradiction'),
      },
      { requiredKeys: [] },
    ),
    form: fc.record(
      { identity: nastyText, identityIsPassword: fc.boolean(), hasPassword: fc.boolean(), carriesCredential: fc.boolean() },
      { requiredKeys: ['identityIsPassword', 'hasPassword', 'carriesCredential'] },
    ),
    actor: anyParty,
    group: anyParty,
    originalActor: anyParty,
    method: anyId,
    factors: fc.oneof(fc.array(nastyText), anyId),
    sessionId: nastyText,
    address: fc.oneof(fc.ipV4(), fc.ipV6(), nastyText),
    userAgent: nastyText,
    requestId: nastyText,
    traceparent: nastyText,
  },
  {
    requiredKeys: [
      ...(['action', 'foundBy', 'startedAt', 'duration', 'ending', 'path', 'target', 'session'] as const),
      ...(['userAppeared', 'credentials', 'answer', 'form'] as const),
    ],
  },
);

it('composes an event that the server accepts from any attempt', () => {
  fc.assert(
    fc.property(anyAttempt, fc.constantFrom('plain', 'masked', 'hmac', 'omit'), nastyText, (observed, typedIdentity, component) => {
      const attempt = observed as unknown as Attempt;
      const event = composeEvent(attempt, decideOutcome(attempt), {
        component,
        version: undefined,
        typedIdentity,
        identityKey: 'k'.repeat(32),
      });
      expect(violations(JSON.parse(JSON.stringify(event)))).toEqual([]);
    }),
    { numRuns: 3_000 },
  );
});

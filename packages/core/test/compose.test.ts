import fc from 'fast-check';
import { ACTIONS } from '../src/attempt/action.js';
import { type Attempt, REASONS } from '../src/attempt/attempt.js';
import { decideOutcome } from '../src/attempt/outcome.js';
import { composeEvent } from '../src/attempt/compose-event.js';
import { violations } from '../src/event/rules.js';
import { nastyMap, nastyText } from './arbitraries.js';

/** What callers without types put there. */
const anyId = fc.oneof(nastyText, fc.constant(''), fc.integer(), fc.bigInt(), fc.constant(Number.NaN), fc.constant(null), fc.object());
const anyParty = fc.oneof(anyId, fc.record({ id: anyId, name: anyId, href: anyId, fields: fc.oneof(nastyMap, anyId) }));

const anyAttempt = fc.record(
  {
    action: fc.constantFrom(...ACTIONS),
    startedAt: fc.integer({ min: 0, max: 4e12 }),
    duration: fc.double({ min: 0, max: 1e9, noNaN: true }),
    ending: fc.oneof(
      fc.record({ kind: fc.constant('answered'), status: fc.integer({ min: 100, max: 599 }), location: nastyText, contentType: nastyText }),
      fc.constant({ kind: 'aborted' }),
    ),
    path: nastyText,
    route: nastyText,
    mark: fc.record(
      {
        outcome: fc.constantFrom('success', 'failure', 'challenge'),
        reason: fc.constantFrom(...REASONS),
        action: fc.constantFrom(...ACTIONS),
        actor: anyParty,
        group: anyParty,
        target: anyParty,
        originalActor: anyParty,
        method: anyId,
        factors: fc.oneof(fc.array(nastyText), anyId),
      },
      { requiredKeys: ['outcome'] },
    ),
    signs: fc.constant({ before: undefined, after: undefined, userAppeared: false }),
    cameWithCookie: fc.boolean(),
    cameWithBearer: fc.boolean(),
    user: anyParty,
    userGroup: anyParty,
    actor: anyParty,
    group: anyParty,
    identity: nastyText,
    identityIsPassword: fc.boolean(),
    method: anyId,
    sessionId: nastyText,
    address: fc.oneof(fc.ipV4(), fc.ipV6(), nastyText),
    userAgent: nastyText,
    requestId: nastyText,
    traceparent: nastyText,
  },
  { requiredKeys: ['action', 'startedAt', 'duration', 'ending', 'path', 'signs', 'cameWithCookie', 'cameWithBearer'] },
);

test('whatever was observed, the server takes the event', () => {
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

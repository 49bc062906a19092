import type { Attempt } from '../src/adapter.js';
import { resolveIdentity } from '../src/attempt/identity.js';
import { decideOutcome } from '../src/attempt/outcome.js';
import { answered } from './attempts.js';

const actorOf = (attempt: Attempt): unknown => resolveIdentity(attempt, decideOutcome(attempt)).actor;
const refresh: Partial<Attempt> = { action: 'user.session.refresh', answer: { credential: { account: { id: 'u1' } } } };

it('names the account of the token that a refresh returns', () => expect(actorOf(answered(200, refresh))).toBe('u1'));
it('names nobody if a refresh was refused', () => expect(actorOf(answered(401, refresh))).toBeUndefined());
it('prefers the account that was logged in to the account of the token', () => {
  expect(actorOf(answered(200, { ...refresh, userBefore: { id: 'u2' } }))).toBe('u2');
});

import assert from 'node:assert/strict';
import { type ContractExchange, is, post, type Scenario } from './scenario.js';

const thrower = (): never => {
  throw new Error('boom');
};
const broken = new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower, getOwnPropertyDescriptor: thrower });
const cyclic: Record<string, unknown> = { name: 'Ann' };
cyclic['self'] = cyclic;

/** Invalid values of an application change neither its response nor whether the attempt is recorded. */
const odd: readonly [what: string, put: (exchange: ContractExchange) => void, problems?: Scenario['problems']][] = [
  ['a user that throws when it is read', (x) => x.setUser(broken)],
  ['a user that refers to itself', (x) => x.setUser(cyclic)],
  ['a user whose id has no text', (x) => x.setUser({ id: Object.create(null) as unknown })],
  ['a user in the session with a BigInt and no id', (x) => x.keep('user', { count: 1 })],
  ['a marker that names a cycle', (x) => x.mark.failure('wrong_password', { actor: cyclic as never })],
  ['a marker whose reason is none', (x) => x.mark.failure('no-such-reason' as never)],
];

export const hostSafety: readonly Scenario[] = [
  ...odd.map(([what, put, problems]): Scenario => ({
    name: `the answer is the application's, and the attempt is recorded: ${what}`,
    async handler(x) {
      put(x);
      await x.json(401, { said: 'by the application' });
    },
    async client(client) {
      const answer = await post(client);
      assert.ok(answer !== 'aborted');
      assert.deepEqual([answer.status, answer.body], [401, '{"said":"by the application"}']);
    },
    expected: [{ is_failure: true, actor: undefined, fields: { outcome: 'failure' } }],
    ...(problems && { problems }),
  })),
  {
    name: 'the audit does not change status, headers and body of the response',
    async handler(x) {
      x.header('x-own', 'kept');
      await x.logIn('u1');
      await x.stream(['a', 'b', 'c'], 2);
    },
    async client(client) {
      const answer = await post(client);
      assert.ok(answer !== 'aborted');
      assert.deepEqual([answer.status, answer.headers['x-own'], answer.body], [200, 'kept', 'abc']);
      assert.notEqual(answer.headers['set-cookie'], undefined);
    },
    expected: [is.success('u1', 'session')],
  },
];

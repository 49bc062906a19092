import { gzipSync } from 'node:zlib';
import type { AuditLoginOptions } from '@auditlogin/core';
import { is, LOGIN, ok, pause, post, type Row, type Scenario, table } from './scenario.js';

type Rule = NonNullable<AuditLoginOptions<never>['outcome']>;

const WRONG = { data: null, errors: [{ message: 'wrong password' }] };
const graphql: Rule = ({ responseBody }) =>
  (responseBody as Partial<typeof WRONG>).errors ? { outcome: 'failure', reason: 'invalid_credentials' } : 'success';
/** A row with one request to a handler, whose response the `outcome` rule reads. */
const ruled = (name: string, outcome: Rule, does: Row['does'], expected: Row['expected'], more: Partial<Scenario> = {}): Scenario =>
  table(name, [{ is: name, does, expected }], { ...more, options: { outcome, ...more.options } });

/** Markers, and the `outcome` rule. */
export const applicationsWord: readonly Scenario[] = [
  {
    name: 'a marker decides if GraphQL answers 200 in both cases, and names the account that was tried',
    options: { routes: ['/graphql'] },
    handler: async (x) => (x.mark.failure('wrong_password', { actor: 'u1' }), ok(x)),
    client: (client) => client.send('POST', '/graphql', { body: {} }),
    expected: [
      {
        ...is.failure('marker', 'wrong_password'),
        target: { id: 'u1', type: 'account' },
        fields: { reason: 'wrong_password', status: '200' },
      },
    ],
  },
  {
    name: 'a marker outranks all other evidence, and the event names contrary evidence',
    async handler(x) {
      await x.logIn('u1');
      if ((x.body as typeof LOGIN).username === 'bob') x.mark.failure('account_disabled');
      else x.mark.success({ actor: 'u1' });
      await x.json((x.body as typeof LOGIN).username === 'bob' ? 200 : 403, {});
    },
    client: async (client) => [await post(client), await post(client, { body: { username: 'bob', password: 'x' } })],
    expected: [
      { ...is.success('u1', 'marker'), fields: { outcome: 'success', evidence: 'marker', contrary: 'status:failure' } },
      { ...is.failure('marker', 'account_disabled'), fields: { outcome: 'failure', contrary: 'session:success' } },
    ],
  },
  {
    name: 'a marker with a method keeps the method',
    handler: async (x) => (x.mark.success({ actor: 'u9', method: 'oauth' }), x.redirect('/')),
    client: (client) => client.send('GET', '/callback?code=c&state=s'),
    expected: [{ ...is.success('u9', 'marker'), fields: { method: 'oauth', found_by: 'marker' } }],
  },
  { name: 'an attempt that a marker skips leaves no event', handler: async (x) => (x.mark.skip(), ok(x)), client: post, expected: [] },
  {
    name: 'a rule distinguishes GraphQL answers',
    options: { routes: ['/graphql'], outcome: graphql },
    handler: (x) => x.json(200, (x.body as { right?: boolean }).right ? { data: { login: { id: 1 } } } : WRONG),
    client: async (client) => [
      await client.send('POST', '/graphql', { body: LOGIN }),
      await client.send('POST', '/graphql', { body: { ...LOGIN, right: true } }),
    ],
    expected: [is.failure('body', 'invalid_credentials'), is.success('ann', 'body')],
  },
  ruled('a rule reads a gzip answer', graphql, (x) => compressed(x, 'gzip', gzipSync(JSON.stringify(WRONG))), is.failure('body')),
  ruled(
    'a rule reads an answer that came in pieces',
    ({ responseBody }) => (responseBody === 'wrong password' ? 'failure' : 'success'),
    (x) => x.stream(['wrong ', 'password'], 5),
    is.failure('body'),
    { onlyAfterResponse: true },
  ),
  ruled(
    'what cannot be read is no success: an answer that is given in pieces',
    ({ responseBody }) => (responseBody === undefined || responseBody === 'wrong password' ? 'unknown' : 'success'),
    (x) => x.stream(['wrong ', 'password'], 5),
    is.unknown('body'),
  ),
  ruled(
    "a rule's failure outranks a session",
    () => 'failure',
    async (x) => (await x.logIn('u1'), x.json(403, {})),
    is.failure('body'),
  ),
  ruled(
    'a rule that says nothing leaves it to the rest',
    () => undefined,
    async (x) => (await x.logIn('u1'), ok(x)),
    is.success('u1', 'session'),
  ),
  ruled(
    "a rule's success needs a status below 400",
    () => 'success',
    (x) => x.json(500, {}),
    is.unknown('body,status'),
  ),
  ruled('a rule may name the account', () => ({ outcome: 'success', actor: 'u7', method: 'magic_link' }), ok, {
    ...is.success('u7', 'body'),
    fields: { method: 'magic_link' },
  }),
  ruled('a rule may say that it was no attempt', () => 'skip', ok, undefined),
  ...unreadable([
    ['an encoding that is not known', graphql, (x) => compressed(x, 'x-own', Buffer.from(JSON.stringify(WRONG)).reverse())],
    ['an answer that is cut', graphql, (x) => compressed(x, 'gzip', gzipSync(JSON.stringify(WRONG)).subarray(0, 20))],
    ['one outcome for two operations', () => 'success', (x) => x.json(200, [WRONG, WRONG])],
    ['a rule that says unknown', () => 'unknown', ok],
  ]),
  ruled(
    'what cannot be read is no success: longer than its limit',
    ({ responseBody }) => (responseBody ? 'failure' : 'success'),
    (x) => x.json(200, WRONG),
    is.unknown('body'),
    {
      options: { outcomeBodyLimit: 8 },
    },
  ),
  ruled(
    'what cannot be read is no success: a rule that throws',
    () => {
      throw new Error('boom');
    },
    (x) => x.json(200, WRONG),
    is.unknown('body'),
    { problems: [/ERR_AUDIT_EXTRACTOR.*"outcome" threw/] },
  ),
  ruled(
    'what cannot be read is no success: a rule that is late',
    () => pause(300).then(() => 'success' as const),
    (x) => x.json(200, WRONG),
    is.unknown('body'),
    { options: { extractorTimeout: 20 }, problems: [/ERR_AUDIT_EXTRACTOR.*longer than 20 ms/] },
  ),
];

async function compressed(x: Parameters<Row['does']>[0], coding: string, bytes: Buffer): Promise<void> {
  x.header('content-encoding', coding);
  await x.bytes(200, bytes);
}

function unreadable(rows: readonly (readonly [what: string, outcome: Rule, does: Row['does']])[]): Scenario[] {
  return rows.map(([what, outcome, does]) =>
    ruled(`what cannot be read is no success: ${what}`, outcome, does, is.unknown('body'), {
      ...(outcome === graphql && { problems: [/ERR_AUDIT_EXTRACTOR/] }),
    }),
  );
}

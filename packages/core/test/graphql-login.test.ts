import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { parse } from 'graphql';
import { graphqlLogin, type GraphqlExchange, type GraphqlVerdict } from '../src/adapter/graphql-login.js';

interface Exchange extends GraphqlExchange {
  server: string;
  name: string;
  status: number;
}

/** The responses of four servers with graphql 16 to the same requests, recorded on 2026-11-26. */
const EXCHANGES = readFileSync(path.join(__dirname, 'data', 'graphql-exchanges.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Exchange);

const FIELDS = ['login', 'strictLogin', 'tryLogin', 'signIn', 'auth.login'];
const ALICE = 'success u-alice';
const WRONG = 'failure invalid_credentials';

const brief = (verdicts: readonly GraphqlVerdict[] | 'skip'): string =>
  verdicts === 'skip'
    ? 'skip'
    : verdicts
        .map(({ outcome, reason, actor }) => [outcome, reason, (actor as { id: string } | undefined)?.id].filter(Boolean).join(' '))
        .join(', ');

const EXPECTED: Record<string, string> = {
  right: ALICE,
  variables: ALICE,
  wrong: WRONG,
  null: 'failure',
  'ten aliases, the seventh right': [...Array.from({ length: 6 }, () => WRONG), ALICE, WRONG, WRONG, WRONG].join(', '),
  'in a fragment': `${WRONG}, ${ALICE}`,
  'the same twice is one': ALICE,
  'the operation that is named': 'skip',
  'another operation': 'skip',
  'another field by the name': 'skip',
  skipped: 'failure',
  'strict, the first wrong': `${WRONG}, unknown`,
  'union, right': ALICE,
  'union, wrong': 'failure',
  'union, wrong, nothing selected': 'unknown',
  'union, wrong, the message called token': 'unknown',
  nested: `${WRONG}, ${ALICE}`,
  'refused by validation': 'failure',
  'a syntax error': 'failure',
  'a batch': `${WRONG}, ${ALICE}`,
  'persisted, not known': 'skip',
  'persisted, registered': ALICE,
  'persisted, known': ALICE,
  'persisted with forged names, registered': 'unknown',
  'persisted with forged names, known': 'unknown',
  deferred: 'failure',
};

/** graphql-http supports neither batches nor persisted documents, and only GraphQL Yoga was set up for `@defer`. */
const OTHERWISE: Record<string, Record<string, string>> = {
  'graphql-http': { 'a batch': 'failure, failure', 'persisted, known': 'failure', 'persisted with forged names, known': 'failure' },
  'graphql-yoga': { deferred: 'unknown' },
};

describe.each([...new Set(EXCHANGES.map(({ server }) => server))])('%s', (server) => {
  const rule = graphqlLogin({ field: FIELDS, parse });
  const own = OTHERWISE[server.split(' ')[0]!] ?? {};
  it.each(EXCHANGES.filter((exchange) => exchange.server === server).map((exchange) => [exchange.name, exchange] as const))(
    '%s',
    (name, exchange) => {
      expect(brief(rule(exchange))).toBe(own[name] ?? EXPECTED[name]);
    },
  );
});

const rule = graphqlLogin({ field: 'login', parse });
const login = { query: 'mutation { login(u: "a", p: "b") { token } }' };
const token = 'an-opaque-token-0123456789';
const success = { data: { login: { token } } };
const about = (id: string, name: string): object => ({ data: { login: { token, user: { id, name } } } });

it.each<[string, unknown, unknown, number | undefined, string]>([
  ['no answer', login, undefined, undefined, 'unknown'],
  ['an answer that is too long', login, undefined, 200, 'unknown'],
  ['an answer in parts', login, '---\r\ncontent-type: application/json\r\n\r\n{"data":{"login":{"token":"t"}}}', 200, 'unknown'],
  ['a first part', login, { data: {}, hasNext: true }, 200, 'unknown'],
  ['a refusal that cannot be read', login, undefined, 401, 'failure'],
  ['a refusal by a limiter', login, { error: 'too many' }, 429, 'unknown'],
  [
    'two aliases, and an answer that cannot be read',
    { query: 'mutation { a: login { token } b: login { token } }' },
    undefined,
    200,
    'unknown, unknown',
  ],
  ['a fault of another field that emptied the answer', login, { data: null, errors: [{ path: ['hello'] }] }, 200, 'unknown'],
  [
    'a code that is a reason',
    login,
    { data: { login: null }, errors: [{ path: ['login'], extensions: { code: 'ACCOUNT_LOCKED' } }] },
    200,
    'failure account_locked',
  ],
  [
    'errors of the user',
    { query: 'mutation { login { token userErrors { message } } }' },
    { data: { login: { token, userErrors: [{ message: 'no' }] } } },
    200,
    'failure',
  ],
  ['true', { query: 'mutation { login }' }, { data: { login: true } }, 200, 'success'],
  ['false', { query: 'mutation { login }' }, { data: { login: false } }, 200, 'failure'],
  ['a bare token', { query: 'mutation { login }' }, { data: { login: token } }, 200, 'success'],
  ['a bare word', { query: 'mutation { login }' }, { data: { login: 'no' } }, 200, 'unknown'],
  ['a second factor', { query: 'mutation { login { mfaRequired } }' }, { data: { login: { mfaRequired: true } } }, 200, 'challenge'],
  ['the account itself', { query: 'mutation { login { id } }' }, { data: { login: { id: 7 } } }, 200, 'success 7'],
  [
    'an id under a false name',
    { query: 'mutation { login { id: message } }' },
    { data: { login: { id: 'no such user' } } },
    200,
    'unknown',
  ],
  [
    'one alias for a token and for a code',
    { query: 'mutation { login { ... on Session { x: token } ... on Refusal { x: code } } }' },
    { data: { login: { x: 'INVALID_CREDENTIALS' } } },
    200,
    'unknown',
  ],
  ['a query as a text', login.query, success, 200, 'success'],
  ['an upload', { operations: JSON.stringify(login) }, success, 200, 'success'],
  ['a document that the server knows, and a failure', { documentId: 'Login' }, { data: { login: null } }, 200, 'failure'],
  ['a document that the server knows, and a success', { documentId: 'Login' }, success, 200, 'unknown'],
  ['a document that the server knows, under another name', { documentId: 'Login' }, { data: { x: { token } } }, 200, 'unknown'],
  ['another document that the server knows', { documentId: 'News' }, { data: { news: [] } }, 200, 'skip'],
  ['no request', undefined, undefined, 200, 'skip'],
])('%s', (_name, body, responseBody, status, expected) => expect(brief(rule({ body, responseBody, status }))).toBe(expected));

it('trusts the names in the answer if the server runs only documents of the application', () => {
  const trusting = graphqlLogin({ field: 'login', parse, documents: 'trusted' });
  expect(brief(trusting({ body: { documentId: 'Login' }, responseBody: about('u-1', 'alice'), status: 200 }))).toBe('success u-1');
  expect(brief(trusting({ body: { documentId: 'News' }, responseBody: { data: { news: [] } }, status: 200 }))).toBe('skip');
});

it('reads a persisted document by the text that the application provides', () => {
  const texts = new Map([['Login', 'mutation { x: login { t: token } }']]);
  const knowing = graphqlLogin({ field: 'login', parse, documents: (id) => texts.get(id) });
  expect(brief(knowing({ body: { documentId: 'Login' }, responseBody: { data: { x: { t: token } } }, status: 200 }))).toBe('success');
});

it('records no attempt for a document that the server has forgotten', () => {
  const query = 'mutation { login { token } }';
  const extensions = { persistedQuery: { version: 1, sha256Hash: hash('sha256', query) } };
  const remembering = graphqlLogin({ field: 'login', parse });
  expect(brief(remembering({ body: { query, extensions }, responseBody: success, status: 200 }))).toBe('success');
  for (const error of [{ message: 'PersistedQueryNotFound' }, { message: 'no', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }]) {
    expect(brief(remembering({ body: { extensions }, responseBody: { errors: [error] }, status: 200 }))).toBe('skip');
  }
});

it('does not remember a text under a hash that is not its own', () => {
  const careful = graphqlLogin({ field: 'login', parse });
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } };
  careful({ body: { ...login, extensions }, responseBody: success, status: 200 });
  expect(brief(careful({ body: { extensions }, responseBody: success, status: 200 }))).toBe('unknown');
});

it('passes the data of a field to the application under the names of the schema', () => {
  const asking = graphqlLogin({
    field: 'login',
    parse,
    success: (data) => (data as { code: string }).code === 'OK',
    actor: (data) => (data as { who: string }).who,
  });
  const body = { query: 'mutation { a: login { x: code y: who } b: login { x: code } }' };
  expect(asking({ body, responseBody: { data: { a: { x: 'OK', y: 'u-1' }, b: { x: 'NO' } } }, status: 200 })).toEqual([
    { outcome: 'success', actor: 'u-1' },
    { outcome: 'failure' },
  ]);
});

it("returns unknown if the application's own function throws", () => {
  const throwing = graphqlLogin({
    field: 'login',
    parse,
    success: () => {
      throw new Error('boom');
    },
  });
  expect(brief(throwing({ body: login, responseBody: success, status: 200 }))).toBe('unknown');
});

it('counts a thousand guesses in one request as a thousand', () => {
  const guesses = Array.from({ length: 1000 }, (_, i) => `a${i}: login(u: "a", p: "${i}") { token }`).join(' ');
  const data = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`a${i}`, i === 700 ? { token } : null]));
  const verdicts = rule({ body: { query: `mutation { ${guesses} }` }, responseBody: { data }, status: 200 }) as GraphqlVerdict[];
  expect(verdicts).toHaveLength(1000);
  expect(verdicts.filter(({ outcome }) => outcome === 'success')).toHaveLength(1);
});

it('terminates if fragments name each other', () => {
  const fragments = Array.from(
    { length: 30 },
    (_, i) => `fragment F${i} on M { ...F${i + 1} x${i}: auth { ...F${i + 1} ...F${(i + 7) % 30} } }`,
  ).join(' ');
  const nested = graphqlLogin({ field: 'auth.auth.auth.auth.login', parse });
  expect(
    nested({ body: { query: `mutation { ...F0 } ${fragments} fragment F30 on M { ...F0 }` }, responseBody: { data: {} }, status: 200 }),
  ).toBe('skip');
});

it('never throws, and never reads an answer without data as a success', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (body, responseBody) => {
      rule({ body, responseBody, status: 200 });
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.record({ errors: fc.array(fc.jsonValue()) }), fc.constant({ data: null })), (responseBody) => {
      expect(brief(rule({ body: login, responseBody, status: 200 }))).not.toContain('success');
    }),
  );
});

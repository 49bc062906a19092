import { readAnswerFacts, type ReadableAnswer } from '../src/adapter/answer-reading.js';
import { readLoginForm } from '../src/adapter/login-form.js';

const token = 'a-token-that-is-long-enough';
const head = { header: () => undefined, headers: () => [] } as unknown as ReadableAnswer['head'];
const given = (body: unknown, headers: ReadableAnswer['request']['headers'] = {}, target = '/login'): unknown =>
  readAnswerFacts({ content: { accessToken: token }, head, request: { headers, target, body }, form: readLoginForm(body) }).credential;

it.each<[string, unknown, ReadableAnswer['request']['headers'], string?]>([
  ['its body', { strategy: 'jwt', accessToken: token }, {}],
  ['a list in its body', { tokens: [{ value: token }] }, {}],
  ['its Authorization header', {}, { authorization: `Bearer ${token}` }],
  ['its cookie', {}, { cookie: `token=${token}` }],
  ['any other header', {}, { 'x-csrf-token': token }],
  ['its query', {}, {}, `/login/magic?token=${token}`],
  ['its query, encoded', {}, {}, `/login/magic?token=${token.replaceAll('-', '%2d')}`],
  ['its path', {}, {}, `/verify/${token}`],
  ['a longer text, which the application may have trimmed', { token: ` ${token} ` }, {}],
  ['a body that is deep', { a: { b: { c: { d: { e: [token] } } } } }, {}],
  ['a name in its body', { [token]: '' }, {}],
  ['a body with many fields', { ...Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, 'x'])), token }, {}],
  ['a form', new URLSearchParams({ token }), {}],
  ['a body too large to be searched', Array.from({ length: 100_001 }, () => 0), {}],
])('ignores a token that the request brought in %s', (_name, body, headers, ...[target]) => {
  expect(given(body, headers, target)).toBeUndefined();
});

it('counts a token that the request did not bring', () => expect(given({ note: 'a-token' })).toEqual({}));

it('reads the account from the JSON if the token is in a cookie and names nobody', () => {
  const cookies = { header: () => undefined, headers: () => [`token=${token}`] } as unknown as ReadableAnswer['head'];
  const request = { headers: {}, target: '/login', body: {} };
  const facts = readAnswerFacts({ content: { user: { id: 7 } }, head: cookies, request, form: readLoginForm({}) });
  expect(facts.credential?.account?.id).toBe('7');
});

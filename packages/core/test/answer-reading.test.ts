import { readAnswerFacts, type ReadableAnswer } from '../src/adapter/answer-reading.js';
import { readLoginForm } from '../src/adapter/login-form.js';

const token = 'a-token-that-is-long-enough';
const head = { header: () => undefined, headers: () => [] } as unknown as ReadableAnswer['head'];
const given = (body: unknown, headers: ReadableAnswer['headers'] = {}): unknown =>
  readAnswerFacts({ content: { accessToken: token }, head, headers, body, form: readLoginForm(body) }).credential;

it.each([
  ['its body', { strategy: 'jwt', accessToken: token }, {}],
  ['a list in its body', { tokens: [{ value: token }] }, {}],
  ['its Authorization header', {}, { authorization: `Bearer ${token}` }],
  ['its cookie', {}, { cookie: `token=${token}` }],
])('ignores a token that the request brought in %s', (_name, body, headers) => {
  expect(given(body, headers)).toBeUndefined();
});

it('counts a token even if the request contains it as a part of a longer text', () =>
  expect(given({ note: `${token}-and-more` })).toEqual({}));

it('reads the account from the JSON if the token is in a cookie and names nobody', () => {
  const cookies = { header: () => undefined, headers: () => [`token=${token}`] } as unknown as ReadableAnswer['head'];
  const facts = readAnswerFacts({ content: { user: { id: 7 } }, head: cookies, headers: {}, body: {}, form: readLoginForm({}) });
  expect(facts.credential?.account?.id).toBe('7');
});

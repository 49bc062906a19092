import { readAnswerFacts, type ReadableAnswer } from '../src/adapter/answer-reading.js';
import { readLoginForm } from '../src/adapter/login-form.js';

const token = 'a-token-that-is-long-enough';
const head = { header: () => undefined, headers: () => [] } as unknown as ReadableAnswer['head'];
const given = (body: unknown, headers: ReadableAnswer['headers'] = {}): unknown =>
  readAnswerFacts({ json: { accessToken: token }, head, headers, body, form: readLoginForm(body) }).credential;

it.each([
  ['its body', { strategy: 'jwt', accessToken: token }, {}],
  ['a list in its body', { tokens: [{ value: token }] }, {}],
  ['its Authorization header', {}, { authorization: `Bearer ${token}` }],
  ['its cookie', {}, { cookie: `token=${token}` }],
])('takes a token that the request brought in %s for none that was given out', (_name, body, headers) => {
  expect(given(body, headers)).toBeUndefined();
});

it('takes a token that is a part of what was typed for given out', () => expect(given({ note: `${token}-and-more` })).toEqual({}));

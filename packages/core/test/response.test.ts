import { readAnswer } from '../src/retraced/response.js';
import { readFailure } from '../src/retraced/connection-error.js';

const TOKEN = 'token-canary-9';
const HASH = 'a'.repeat(64);

it.each<[number, string, object]>([
  [201, JSON.stringify({ id: 'x', hash: HASH }), { kind: 'accepted', receipts: [{ id: 'x', hash: HASH }] }],
  [201, '{"id":"x"', { kind: 'retry', inDoubt: true, error: { code: 'ERR_AUDIT_RECEIPT' } }],
  [200, '{}', { kind: 'retry', inDoubt: false, error: { code: 'ERR_AUDIT_NOT_FOUND' } }],
  [400, '{"status":400,"error":"bad","type":"ERROR"}', { kind: 'refused', error: { reason: 'bad' } }],
  [422, '{"error":"bad","invalid":[{"index":0,"message":"no","violations":[]}]}', { kind: 'refused', indexes: [0] }],
  [400, '{"error":"bad"}', { kind: 'retry', inDoubt: false, error: { code: 'ERR_AUDIT_REFUSED', reason: 'bad' } }],
  [400, '<html><h1>400</h1><center>nginx</center></html>', { kind: 'retry', inDoubt: false, error: { code: 'ERR_AUDIT_REFUSED' } }],
  [400, '['.repeat(5_000_000), { kind: 'retry', inDoubt: false }],
  [201, '['.repeat(5_000_000), { kind: 'retry', inDoubt: true, error: { code: 'ERR_AUDIT_RECEIPT' } }],
  [403, '', { kind: 'retry', inDoubt: false, error: { code: 'ERR_AUDIT_UNAUTHORIZED', reason: '(no reason given)' } }],
  [413, '', { kind: 'retry', inDoubt: false, error: { code: 'ERR_AUDIT_REFUSED' } }],
  [429, '', { kind: 'retry', inDoubt: false, error: { code: 'ERR_AUDIT_RATE_LIMITED' } }],
  [500, '', { kind: 'retry', inDoubt: false }],
  [502, '', { kind: 'retry', inDoubt: true }],
  [504, '', { kind: 'retry', inDoubt: true }],
])('reads the response %i %.60s', (status, body, expected) => expect(readAnswer({ status, body }, 1, true, TOKEN)).toMatchObject(expected));

it.each<[object, object]>([
  [{ code: 'ECONNREFUSED' }, { inDoubt: false, error: { code: 'ERR_AUDIT_CONNECTION' } }],
  [{ code: 'ENOTFOUND' }, { inDoubt: false, error: { code: 'ERR_AUDIT_ADDRESS' } }],
  [{ code: 'UND_ERR_CONNECT_TIMEOUT' }, { inDoubt: false, error: { code: 'ERR_AUDIT_TIMEOUT' } }],
  [{ code: 'UND_ERR_HEADERS_TIMEOUT' }, { inDoubt: true, error: { code: 'ERR_AUDIT_TIMEOUT' } }],
  [{ code: 'UND_ERR_SOCKET' }, { inDoubt: true, error: { code: 'ERR_AUDIT_CONNECTION' } }],
  [{ code: 'ECONNRESET' }, { inDoubt: true, error: { code: 'ERR_AUDIT_CONNECTION' } }],
  [{ code: 'CERT_HAS_EXPIRED' }, { inDoubt: false, error: { code: 'ERR_AUDIT_TLS' } }],
  [{ cause: { code: 'EPIPE' } }, { inDoubt: true }],
  [new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]), { inDoubt: false }],
])('classifies the failure %j', (thrown, expected) =>
  expect(readFailure(thrown, 'http://x')).toMatchObject({ kind: 'retry', ...expected }),
);

it('never includes a part of the token in the reason, wherever the response is cut', () => {
  for (let lead = 4980; lead <= 5000; lead += 1) {
    const delivery = readAnswer({ status: 500, body: `<${'x'.repeat(lead - 2)}>${TOKEN} more` }, 1, true, TOKEN);
    expect(JSON.stringify(delivery)).not.toContain('tok' + 'en-c');
    expect(delivery.kind === 'retry' && delivery.error.message).not.toMatch(/: tok?e?n?-?c?/);
  }
});

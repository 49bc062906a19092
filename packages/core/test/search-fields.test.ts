import { SEARCH_FIELDS, unknownSearchField } from '../src/log.js';

it.each([
  ['actr.id:u-1', 'actr.id'],
  ['action:user.login outcom:failure', 'outcom'],
  ['is_failure:true', 'is_failure'],
  ['source_ip:203.0.113.7', 'source_ip'],
  ['Action:user.login', 'Action'],
  ['-action:user.login', '-action'],
  ['(action:user.login', '(action'],
  ['naïve:x', 'naïve'],
  ['2fa:failed', '2fa'],
  ["it's outcom:failure isn't", 'outcom'],
  ['actr.id:"u 1"', 'actr.id'],
])('finds in %j that %j is no field', (query, name) => {
  expect(unknownSearchField(query)).toBe(name);
});

it.each([
  '',
  'wrong password',
  '"actr.id:u-1"',
  "'actr.id:u-1'",
  'action:"user.login outcom:x"',
  'received:2026-01-01T00:00:00Z,2026-02-01T00:00:00Z',
  'at 10:30 or 10:30:15.5',
  '2001:db8::1 ::1 fe80:0:0:0:0:0:0:1 ::ffff:203.0.113.7',
  'https://app.example.com/login',
  SEARCH_FIELDS.map((field) => `${field}:x`).join(' '),
])('takes %j as it is', (query) => {
  expect(unknownSearchField(query)).toBeUndefined();
});

import { lexemesOf } from '../src/store/lexemes.js';
import { readTime } from '../src/store/search-time.js';

test.each([
  ['The quick brown fox jumps over lazy dogs', ['quick', 'brown', 'fox', 'jump', 'lazi', 'dog']],
  ['user.login', ['user.login']],
  ['user_login-x', ['user', 'login-x', 'login', 'x']],
  ['203.0.113.10', ['203.0.113.10']],
  ['v1.2.3', ['v1.2.3']],
  ['grp-0', ['grp', '-0']],
  ['2025-03-04', ['2025', '-03', '-04']],
  ['2001:DB8::A', ['2001', 'db8']],
  ['mail me@example.com', ['mail', 'me@example.com']],
  ['https://app.example/u/1', ['app.example', 'app.example/u/1', '/u/1']],
  ['say "hi" & <b>bold</b>', ['say', 'hi', 'bold']],
  ['Zoë Ångström 😀 漢字', ['zoë', 'ångström', '漢字']],
  ['( \\ " \' ; % * the', []],
])('splits %j into words as PostgreSQL does', (text, words) => expect(lexemesOf(text)).toEqual(words));

test.each(['a', 'a_', 'a-', 'a.', '<a', '<a ', 'a+', '1.', '-1', '/a', 'a@', 'a@b.', '&a', 'é-', '1-a'])(
  'takes no longer for a long text of %j than the text is long',
  (piece) => {
    const started = performance.now();
    lexemesOf(piece.repeat(300_000));
    expect(performance.now() - started).toBeLessThan(3_000);
  },
);

test.each([
  ['2025', '2025-01-01T00:00:00.000Z'],
  ['2025-03', '2025-03-01T00:00:00.000Z'],
  ['2025-03-04', '2025-03-04T00:00:00.000Z'],
  ['2025-03-04T05:06', '2025-03-04T05:06:00.000Z'],
  ['2025-03-04T05:06:07.5+02:00', '2025-03-04T03:06:07.500Z'],
  ['2025-03-04T05:06:07-0530', '2025-03-04T10:36:07.000Z'],
  ['03/04/2025', '2025-03-04T00:00:00.000Z'],
])('reads the time %s as UTC', (text, time) => expect(new Date(readTime(text)!).toISOString()).toBe(time));

test.each([
  '',
  'yesterday',
  '1741046400000',
  '2025-13-01',
  '2025-02-30',
  '2025-03-04T25:00',
  '"2025-03-04"',
  '2025-03-04 00:00:00',
  '13/01/2025',
])('takes %j for no time', (text) => expect(readTime(text)).toBeUndefined());

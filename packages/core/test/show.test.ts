import fc from 'fast-check';
import { showControls, showJson } from '../src/log.js';

/** Every control and direction character of Unicode, by its property. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '\u0007', '\u009b', '\u202e', '\u2066', '\u061c', '\u2028', '\u{e0041}', '\n'),
    fc.string({ unit: 'binary', maxLength: 1 }),
  ),
});

it('prints no control or direction character of any text', () => {
  fc.assert(fc.property(text, (given) => !UNSEEN.test(showControls(given))));
});

it('prints JSON without such characters, which a program reads as the same value', () => {
  fc.assert(
    fc.property(fc.dictionary(text, fc.array(text)), fc.constantFrom(0, 2), (value, indent) => {
      const json = showJson(value, indent);
      expect(UNSEEN.test(json.replaceAll('\n', indent === 0 ? '\n' : ''))).toBe(false);
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it.each([
  ['an escape sequence', '\u001b[31m', '\\u001b[31m'],
  ['a C1 control', '\u009b', '\\u009b'],
  ['the Arabic letter mark', '\u061c', '\\u061c'],
  ['a character beyond the basic plane, as two escapes', '\u{e0041}', '\\udb40\\udc41'],
  ['letters, signs and emoji as they are', 'Zoë, 北京, 👍', 'Zoë, 北京, 👍'],
])('shows %s', (_, given, shown) => {
  expect(showControls(given)).toBe(shown);
});

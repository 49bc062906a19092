/**
 * Control characters, direction characters, line separators and characters without width. They can control a terminal, reorder a line or hide in it.
 */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\u200b-\u200d\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * Replaces control and direction characters by escapes such as `\u202e`, so that text from an attacker can neither control a terminal nor reorder a
 * line.
 *
 * @param text untrusted text
 */
export function showControls(text: string): string {
  return text.replace(UNSEEN, escaped);
}

/**
 * Converts a value to JSON that can be printed on a terminal. Control and direction characters are escaped, so that programs still read the same
 * value.
 *
 * @param value any value that JSON can express
 * @param indent number of blanks per level; 0, the default, writes a single line
 */
export function showJson(value: unknown, indent = 0): string {
  // JSON has such characters only in strings, apart from the line ends of an indentation.
  return JSON.stringify(value, undefined, indent).replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join('');
}

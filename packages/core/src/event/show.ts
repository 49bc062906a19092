/**
 * Replaces control and direction characters by escapes such as `\u202e`, so that text from an attacker can neither control a terminal nor reorder a
 * line.
 *
 * @param text untrusted text
 */
export function showControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- these characters are replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

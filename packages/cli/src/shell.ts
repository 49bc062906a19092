/**
 * Quotes a word for a POSIX shell, if necessary.
 *
 * @param text the word
 */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

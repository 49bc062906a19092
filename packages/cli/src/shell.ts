/**
 * A word for a POSIX shell, quoted where it must be.
 *
 * @param text the word
 */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

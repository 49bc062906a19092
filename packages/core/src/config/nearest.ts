import { distance } from 'fastest-levenshtein';

/** The most letters by which a word may differ from the one that was meant. */
const MOST_TYPOS = 3;

/**
 * The end of an error message that names the known word nearest to a mistyped one, or nothing if none is near.
 *
 * @param word what was written
 * @param known the words that would have been right
 */
export function nearest(word: string, known: readonly string[]): string {
  const written = word.slice(0, 64).toLowerCase();
  const [near] = known
    .map((name) => ({ name, typos: distance(written, name.toLowerCase()) }))
    .filter(({ typos }) => typos <= MOST_TYPOS)
    .sort((one, other) => one.typos - other.typos);
  return near ? `; did you mean "${near.name}"?` : '';
}

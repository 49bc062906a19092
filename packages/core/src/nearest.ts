import { distance } from 'fastest-levenshtein';

/** The largest edit distance at which a name is suggested. */
const MOST_TYPOS = 3;

/**
 * Suggests the known name nearest to a misspelt one, as the end of an error message.
 *
 * @param word the misspelt name
 * @param known the valid names
 */
export function nearest(word: string, known: readonly string[]): string {
  const written = word.slice(0, 64).toLowerCase();
  const [near] = known
    .map((name) => ({ name, typos: distance(written, name.toLowerCase()) }))
    .filter(({ typos }) => typos <= MOST_TYPOS)
    .sort((one, other) => one.typos - other.typos);
  return near ? `; did you mean "${near.name}"?` : '';
}

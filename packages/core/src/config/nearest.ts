import didYouMean, { ThresholdTypeEnums } from 'didyoumean2';

/**
 * The end of an error message that names the known word nearest to a mistyped one, or nothing if none is near.
 *
 * @param word what was written
 * @param known the words that would have been right
 */
export function nearest(word: string, known: readonly string[]): string {
  const match = didYouMean(word.slice(0, 64), known, { thresholdType: ThresholdTypeEnums.EDIT_DISTANCE, threshold: 3 });
  return typeof match === 'string' ? `; did you mean "${match}"?` : '';
}

/** The fields that a search of the log can name (Publisher API, "What can be read back"); the case of letters matters. */
export const SEARCH_FIELDS = [
  'action',
  'crud',
  'actor.id',
  'actor.name',
  'target.id',
  'target.name',
  'target.type',
  'description',
  'external_id',
  'received',
  'created',
  'location',
] as const;

/** Quoted text is searched as text. A quote inside a word, as in "it's", quotes nothing. */
const QUOTED = /(?<=^|[\s:,])(["']).*?\1/gsu;
const FIELD = /^([-+!(]*[\p{L}\p{N}_][\p{L}\p{N}_.-]*):(?!\/\/)/u;
/** Times and addresses contain colons, too. */
const TEXT = /^(?:\d+:[\d:.]+|[\da-f]*:[\da-f]*:[\da-f:.]*)$/iu;

/**
 * Finds the first unknown field of a search. For such a field, the server finds nothing, or something else.
 *
 * @param query a search in the API's syntax
 * @returns the name before the colon, with a sign before it; undefined if all fields are known
 */
export function unknownSearchField(query: string): string | undefined {
  return query
    .replace(QUOTED, ' ')
    .split(/\s+/u)
    .filter((word) => !TEXT.test(word))
    .map((word) => FIELD.exec(word)?.[1])
    .find((name) => name !== undefined && !(SEARCH_FIELDS as readonly string[]).includes(name));
}

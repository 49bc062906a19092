import { stem } from 'porter2';

/** The words that PostgreSQL's text search configuration `english` leaves out. */
const STOP_WORDS = new Set(
  (
    'i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it its itself they them their theirs ' +
    'themselves what which who whom this that these those am is are was were be been being have has had having do does did doing a an the and but if or ' +
    'because as until while of at by for with about against between into through during before after above below to from up down in out on off over under ' +
    'again further then once here there when where why how all any both each few more most other some such no nor not only own same so than too very s t ' +
    'can will just don should now'
  ).split(' '),
);

/** Parts have bounded lengths, so that the time grows only with the length of the text. */
const LABEL = String.raw`[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?`;
/** The kinds of words, the first that fits: PostgreSQL's parser tells them apart (its manual, "Parsers"). */
const TOKEN = new RegExp(
  [
    String.raw`(?<skipped><\/?[a-z][^<>]*>|&(?:[a-z]+|#\d+);|[a-z][a-z0-9+.-]{0,30}:\/\/)`,
    String.raw`(?<email>[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?@${LABEL}(?:\.${LABEL})+)`,
    String.raw`(?<number>(?<![\p{L}\p{N}])[-+]?\d+(?:\.\d+)*(?![\p{L}\p{N}_]|\.[\p{L}\p{N}]))`,
    String.raw`(?<host>${LABEL}(?:\.${LABEL})+)(?<path>(?::\d+)?\/[!#-&(-;=?-~\p{L}\p{N}]*)?`,
    String.raw`(?<file>\/[a-z0-9_.-]+(?:\/[a-z0-9_.-]*)*)`,
    String.raw`(?<compound>[\p{L}\p{N}\p{M}]+(?:-\p{L}[\p{L}\p{N}\p{M}]*)+)`,
    String.raw`(?<signed>[-+]\d+(?![\p{L}\p{N}_]))`,
    String.raw`(?<word>[\p{L}\p{N}\p{M}]+)`,
  ].join('|'),
  'giu',
);
/** A longer text is not searched: PostgreSQL ignores words beyond 2 KiB. */
const MAX_WORD = 2_000;

/**
 * Splits a text into the words that it is found by, as PostgreSQL's text search does with the configuration `english`, which the real server uses
 * (Publisher API, "What can be read back"). Words are stemmed and stop words are left out. Addresses, host names and anything with a dot inside, such as
 * `user.login`, are one word each. No word contains white space or a quote.
 *
 * @param text any text
 */
export function lexemesOf(text: string): string[] {
  const lexemes: string[] = [];
  const add = (token: string): void => {
    if (token.length <= MAX_WORD) lexemes.push(token);
  };
  for (const { groups } of text.toLowerCase().matchAll(TOKEN)) {
    const { email, number, host, path, file, compound, signed, word } = groups as Record<string, string | undefined>;
    if (word !== undefined) addWord(word, add);
    else if (compound !== undefined) {
      add(stemmed(compound));
      for (const part of compound.split('-')) addWord(part, add);
    } else if (host !== undefined) {
      add(host);
      if (path !== undefined) {
        add(host + path);
        add(path);
      }
    } else {
      const token = email ?? number ?? file ?? signed;
      if (token !== undefined) add(token.replace(/^\+/, ''));
    }
  }
  return lexemes;
}

function addWord(word: string, add: (token: string) => void): void {
  if (!STOP_WORDS.has(word)) add(stemmed(word));
}

/** A word with a digit is no word of a language, so PostgreSQL does not stem it. */
function stemmed(word: string): string {
  return /\p{N}/u.test(word) ? word : stem(word);
}

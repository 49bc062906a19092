import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');
const page = readFileSync(join(root, 'docs', 'publisher-api.md'), 'utf8');
const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title!);
const traps = [...page.matchAll(/^### Trap (\d+): /gm)].map(([, number]) => Number(number));

const sources = ['packages', 'test', 'examples', 'benchmarks']
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.(?:c?ts|tsx|mjs|c)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((file) => !/[\\/](?:node_modules|dist)[\\/]/.test(file) && file !== __filename);

interface Citation {
  text: string;
  sections: string[];
  traps: number[];
}

/** Reads the numbers in a text: `traps 1 to 3 and 9` has 1, 2, 3 and 9. */
function numbersOf(text: string): number[] {
  return [...text.matchAll(/(\d+)(?: to (\d+))?/g)].flatMap(([, first, last]) =>
    Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, index) => Number(first) + index),
  );
}

/** Finds the citations in a source: `(Publisher API, "Event", traps 1 to 4 and 9)`, which may span lines, and `(trap 9)`. */
function citationsIn(source: string): Citation[] {
  const text = source.replace(/\s*\n\s*(?:\*(?!\/)|\/\/)?\s*/g, ' ');
  return [...text.matchAll(/\((?:Publisher API, ([^)]*)|(traps? \d[^)]*))\)/g)].map(([whole, named, bare]) => {
    const cited = named ?? bare!;
    return {
      text: whole,
      sections: [...cited.matchAll(/"([^"]+)"/g)].map(([, title]) => title!),
      traps: [...cited.matchAll(/traps? ([\d, toand]+)/g)].flatMap(([, numbers]) => numbersOf(numbers!)),
    };
  });
}

const citations = sources.flatMap((file) => citationsIn(readFileSync(file, 'utf8')));

it('reads citations that span lines', () => {
  const source = '/**\n * Made valid (Publisher API, "What\n * can be read back", traps 1 to 3 and 9).\n */\n// As it is sent (trap 8).';
  expect(citationsIn(source)).toEqual([
    { text: expect.any(String), sections: ['What can be read back'], traps: [1, 2, 3, 9] },
    { text: '(trap 8)', sections: [], traps: [8] },
  ]);
});

it('finds the section or trap of every citation in docs/publisher-api.md', () => {
  expect(traps).toEqual(Array.from({ length: traps.length }, (_, index) => index + 1));
  expect(citations.length).toBeGreaterThan(20);
  const unknown = citations.filter(
    (cited) =>
      cited.sections.length + cited.traps.length === 0 ||
      cited.sections.some((title) => !sections.includes(title)) ||
      cited.traps.some((number) => !traps.includes(number)),
  );
  expect(unknown).toEqual([]);
});

it('reads every mention of the Publisher API in brackets as a citation', () => {
  const mentions = sources.flatMap((file) => readFileSync(file, 'utf8').match(/\(Publisher API,/g) ?? []);
  expect(citations.filter(({ text }) => text.startsWith('(Publisher API,'))).toHaveLength(mentions.length);
});

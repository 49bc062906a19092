// Writes the tables of options into the documents, from the comments of the interfaces. `--check` only checks whether they are up to date.
//
// The table of the interface `Name` is between `<!-- options of Name -->` and `<!-- end of options -->`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const SECTION = /(<!-- options of (\w+) -->\n)(.*?)(<!-- end of options -->)/gs;
const HEAD = '\n| option | default | what it is |\n|---|---|---|\n';
/** A default that is a JavaScript value, which a text may follow. */
const LITERAL = /^('[^']*'|"[^"]*"|-?[\d_.]+|true|false|\[.*\])(,? .*)?$/;

/** Lists the files in a folder whose names have this ending. */
function filesIn(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending) && !/(?:^|[\\/])(?:node_modules|dist|test)[\\/]/.test(name))
    .map((name) => join(folder, name));
}

/** Finds every interface of the packages by its name. */
function interfaces() {
  const found = new Map();
  for (const file of filesIn('packages', '.ts')) {
    const text = readFileSync(join(root, file), 'utf8');
    if (!/interface \w*(?:Options|Extractors)\b/.test(text)) continue;
    ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).forEachChild((node) => {
      if (ts.isInterfaceDeclaration(node)) found.set(node.name.text, node);
    });
  }
  return found;
}

/** Lists the properties of an interface: those of the first interface that it extends, its own, and those of the other interfaces. */
function membersOf(name, known) {
  const declaration = known.get(name);
  if (!declaration) return [];
  const extended = (declaration.heritageClauses ?? []).flatMap(({ types }) => types.map(({ expression }) => expression.getText()));
  const [first = [], ...others] = extended.map((each) => membersOf(each, known));
  return [...first, ...declaration.members.filter(ts.isPropertySignature), ...others.flat()];
}

/** Creates a row for an option, and one for each option inside it. */
function rowsOf(member, prefix = '') {
  const name = prefix + member.name.getText();
  const isGroup = member.type !== undefined && ts.isTypeLiteralNode(member.type);
  const fallback = isGroup ? '' : 'none';
  const row = `| \`${name}\` | ${defaultOf(member) ?? fallback} | ${commentOf(member)} |`;
  const inner = isGroup ? member.type.members.filter(ts.isPropertySignature).flatMap((each) => rowsOf(each, `${name}.`)) : [];
  return [row, ...inner];
}

function commentOf(member) {
  const [comment] = ts.getJSDocCommentsAndTags(member);
  if (!comment) throw new Error(`The option "${member.name.getText()}" has no comment in ${member.getSourceFile().fileName}`);
  return cell(ts.getTextOfJSDocComment(comment.comment));
}

function defaultOf(member) {
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default');
  if (!tag) return undefined;
  const text = cell(ts.getTextOfJSDocComment(tag.comment));
  const [, value, rest = ''] = LITERAL.exec(text) ?? [];
  return value === undefined ? text : `\`${value.replace(/^'(.*)'$/, '"$1"')}\`${rest}`;
}

function cell(text = '') {
  return text
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}

const isCheck = process.argv.includes('--check');
const known = interfaces();
const documents = ['README.md', ...filesIn('docs', '.md'), ...filesIn('packages', 'README.md')];
const stale = [];
for (const file of documents) {
  const text = readFileSync(join(root, file), 'utf8');
  const updated = text.replace(SECTION, (_whole, begin, name, _table, end) => {
    const rows = membersOf(name, known).flatMap((member) => rowsOf(member));
    if (rows.length === 0) throw new Error(`${file} has a table of ${name}, which is not an interface of a package`);
    return `${begin}${HEAD}${rows.join('\n')}\n\n${end}`;
  });
  if (updated === text) continue;
  stale.push(file);
  if (!isCheck) writeFileSync(join(root, file), updated);
}
if (isCheck && stale.length > 0) {
  console.error(`Out of date: ${stale.join(', ')}. Run "npm run docs:options" to write the tables of options.`);
  process.exitCode = 1;
}

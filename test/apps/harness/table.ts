/** The result of one case. */
type Cell = { wrong: string[] } | { skipped: string };

/** One application: its cases by name. */
export interface Row {
  name: string;
  cells: Record<string, Cell>;
}

/** The cases that most applications have. The other cases are counted in one column. */
const COLUMNS = ['success', 'wrong password', 'unknown user', 'invalid', 'limited', 'aborted', 'logout', 'refresh'];

/**
 * Prints the table, the details of wrong and skipped cells, and the totals.
 *
 * @returns whether no cell is wrong
 */
export function printTable(rows: Row[]): boolean {
  const lines = [
    ['', ...COLUMNS, 'further cases'],
    ...rows.map(({ name, cells }) => [name, ...COLUMNS.map((column) => word(cells[column])), counts(further(cells))]),
  ];
  const widths = lines[0]!.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  const padded = lines.map((line) => line.map((text, index) => text.padEnd(widths[index]!)).join('  '));
  console.log(`\n${padded.map((line) => line.trimEnd()).join('\n')}\n`);
  for (const { name, cells } of rows) for (const [why, columns] of whys(cells)) console.log(`${[name, ...columns].join(', ')}: ${why}`);
  const all = rows.flatMap(({ cells }) => Object.values(cells));
  console.log(`${count(all, 'right')} passed, ${count(all, 'WRONG')} failed, ${count(all, 'skipped')} skipped`);
  return count(all, 'WRONG') === 0;
}

function further(cells: Row['cells']): Cell[] {
  return Object.entries(cells).flatMap(([name, cell]) => (COLUMNS.includes(name) ? [] : [cell]));
}

function counts(cells: Cell[]): string {
  const words = ['right', 'WRONG', 'skipped'].filter((one) => count(cells, one) > 0).map((one) => `${count(cells, one)} ${one}`);
  return words.join(', ') || '-';
}

function count(cells: Cell[], what: string): number {
  return cells.filter((cell) => word(cell) === what).length;
}

function word(cell: Cell | undefined): string {
  if (cell === undefined) return '-';
  if ('skipped' in cell) return 'skipped';
  return cell.wrong.length === 0 ? 'right' : 'WRONG';
}

/** Collects the messages about an application, each with the cells that it concerns, or with none if it concerns all. */
function whys(cells: Row['cells']): Map<string, string[]> {
  const said = new Map<string, string[]>();
  for (const [column, cell] of Object.entries(cells)) {
    const all = 'skipped' in cell ? [`skipped: ${cell.skipped}`] : cell.wrong.map((one) => `WRONG: ${one}`);
    for (const why of all) said.set(why, [...(said.get(why) ?? []), column]);
  }
  const whole = Object.keys(cells).length;
  return new Map([...said].map(([why, columns]) => [why, columns.length === whole ? [] : columns]));
}

/** What came of one case. */
export type Cell = { wrong: string[] } | { skipped: string };

/** One application: its cases by name. */
export interface Row {
  name: string;
  cells: Record<string, Cell>;
}

/**
 * Prints application × case, then what is wrong and what was skipped, then the sum.
 *
 * @returns whether nothing was wrong
 */
export function printTable(rows: Row[]): boolean {
  const columns = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))];
  const lines = [['', ...columns], ...rows.map(({ name, cells }) => [name, ...columns.map((column) => word(cells[column]))])];
  const widths = lines[0]!.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  console.log();
  for (const line of lines)
    console.log(
      line
        .map((text, index) => text.padEnd(widths[index]!))
        .join('  ')
        .trimEnd(),
    );
  console.log();
  for (const { name, cells } of rows) for (const [why, columns] of whys(cells)) console.log(`${name}, ${columns.join(', ')}: ${why}`);
  const words = rows.flatMap(({ cells }) => Object.values(cells).map(word));
  const count = (what: string): number => words.filter((one) => one === what).length;
  console.log(`${count('right')} passed, ${count('WRONG')} failed, ${count('skipped')} skipped`);
  return count('WRONG') === 0;
}

function word(cell: Cell | undefined): string {
  if (cell === undefined) return '-';
  if ('skipped' in cell) return 'skipped';
  return cell.wrong.length === 0 ? 'right' : 'WRONG';
}

/** What is to be said about the cells of an application, and of which: what holds for all of them is said once. */
function whys(cells: Row['cells']): Map<string, string[]> {
  const said = new Map<string, string[]>();
  for (const [column, cell] of Object.entries(cells)) {
    const all = 'skipped' in cell ? [`skipped: ${cell.skipped}`] : cell.wrong.map((one) => `WRONG: ${one}`);
    for (const why of all) said.set(why, [...(said.get(why) ?? []), column]);
  }
  return said;
}

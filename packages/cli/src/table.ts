import { showControls } from '@auditlogin/core/log';
import Table from 'cli-table3';
import { paint } from './paint.js';

const EDGES = ['top', 'bottom', 'left', 'right', 'mid'].flatMap((edge) => [
  edge,
  `${edge}-left`,
  `${edge}-mid`,
  `${edge}-right`,
  `left-${edge}`,
  `right-${edge}`,
  `mid-${edge}`,
]);

/**
 * Formats a table for a terminal, with a head and without lines.
 *
 * @param head the names of the columns
 * @param rows their cells
 */
export function table(head: string[], rows: (string | number)[][]): string {
  const made = new Table({
    head: head.map((name) => paint.dim(name)),
    chars: { ...Object.fromEntries(EDGES.map((edge) => [edge, ''])), middle: '  ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  made.push(...rows.map((row) => row.map((cell) => (typeof cell === 'string' ? showControls(cell) : cell))));
  return made
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trimEnd())
    .join('\n');
}

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
 * A table for a terminal: a head, no lines.
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
  made.push(...rows.map((row) => row.map((cell) => (typeof cell === 'string' ? plain(cell) : cell))));
  return made
    .toString()
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trimEnd())
    .join('\n');
}

/**
 * Text of strangers, fit for a terminal: control and direction characters are shown, not obeyed.
 *
 * @param text anything that was typed somewhere
 */
export function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- these must not steer a terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}

import type { CheckedReceipt } from '@auditlogin/core';
import type { createColors } from 'picocolors';

type Paint = ReturnType<typeof createColors>;

interface Column {
  title: string;
  width: number;
  text(checked: CheckedReceipt): string;
  /** Whether the text is green; red if it is not. Without it the text has no colour. */
  isGood?(checked: CheckedReceipt): boolean;
}

const COLUMNS: Column[] = [
  { title: 'time', width: 12, text: ({ event }) => event.created?.slice(11, 23) ?? '' },
  {
    title: 'outcome',
    width: 9,
    text: ({ event }) => event.fields?.['outcome'] ?? '',
    isGood: ({ event }) => event.fields?.['outcome'] === 'success',
  },
  { title: 'reason', width: 15, text: ({ event }) => event.fields?.['reason'] ?? '–' },
  { title: 'actor', width: 30, text: ({ event }) => event.actor?.name ?? event.actor?.id ?? typedName(event) },
  { title: 'group', width: 10, text: ({ event }) => event.group?.id ?? '–' },
  { title: 'address', width: 15, text: ({ event }) => event.source_ip ?? '–' },
  {
    title: 'record',
    width: 0,
    text: ({ verdict }) => (verdict === 'verified' ? '✓ verified' : '✗ mismatched'),
    isGood: ({ verdict }) => verdict === 'verified',
  },
];

/** @param paint colours */
export function tableHead(paint: Paint): string {
  return paint.dim(COLUMNS.map(({ title, width }) => title.padEnd(width)).join(' '));
}

/**
 * Formats an event as one line.
 *
 * @param checked the event, its receipt and the result of the check
 * @param paint colours
 */
export function rowOf(checked: CheckedReceipt, paint: Paint): string {
  return COLUMNS.map((column) => {
    const cell = visible(column.text(checked)).padEnd(column.width);
    if (!column.isGood) return cell;
    return column.isGood(checked) ? paint.green(cell) : paint.red(cell);
  }).join(' ');
}

function typedName({ fields }: CheckedReceipt['event']): string {
  const typed = fields?.['identity'];
  return typed === undefined ? 'anonymous' : `${typed} (typed)`;
}

/** Removes control characters, since typed text must not control the terminal. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

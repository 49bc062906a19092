import type { CheckedReceipt } from '@auditlogin/core';
import type { createColors } from 'picocolors';

type Paint = ReturnType<typeof createColors>;

const COLUMNS = [
  ['time', 12],
  ['outcome', 9],
  ['reason', 15],
  ['actor', 30],
  ['group', 10],
  ['address', 15],
  ['record', 12],
] as const;

/** @param paint colours */
export function tableHead(paint: Paint): string {
  return paint.dim(
    COLUMNS.map(([title, width]) => title.padEnd(width))
      .join(' ')
      .trimEnd(),
  );
}

/**
 * Formats an event as one line.
 *
 * @param checked the event, its receipt and the result of the check
 * @param paint colours
 */
export function rowOf({ event, verdict }: CheckedReceipt, paint: Paint): string {
  const { fields } = event;
  const outcome = fields?.['outcome'] ?? '';
  const typed = fields?.['identity'];
  const cells = [
    event.created?.slice(11, 23) ?? '',
    outcome,
    fields?.['reason'] ?? '–',
    event.actor?.name ?? event.actor?.id ?? (typed === undefined ? 'anonymous' : `${typed} (typed)`),
    event.group?.id ?? '–',
    event.source_ip ?? '–',
    verdict === 'verified' ? '✓ verified' : '✗ mismatched',
  ].map((cell, index) => visible(cell).padEnd(COLUMNS[index]![1]));
  const colour = outcome === 'success' ? paint.green : paint.red;
  cells[1] = colour(cells[1]);
  cells[6] = (verdict === 'verified' ? paint.green : paint.red)(cells[6]!.trimEnd());
  return cells.join(' ');
}

/** Removes control characters, since typed text must not control the terminal. */
function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

import type { AuditEvent } from '@auditlogin/core';
import { attemptsIn, correctionIn, FACET_NAMES, FACETS, showControls } from '@auditlogin/core/log';
import { stringify, type Stringifier } from 'csv-stringify';
import type { StoredEvent } from '../store/log-reader.js';

/** The name of a column and a function that reads the text of its cells. */
type Column = [name: string, read: (stored: StoredEvent) => string | undefined];

const COLUMNS: readonly Column[] = [
  ['time', ({ canonicalTime }) => iso(canonicalTime)],
  ['received', ({ received }) => iso(received)],
  ['id', ({ id }) => id],
  ['external_id', ({ event }) => event.external_id],
  ...FACET_NAMES.map((name): Column => [FACETS[name].column, ({ event }) => FACETS[name].read(event)]),
  ['actor_id', ({ event }) => event.actor?.id],
  ['actor_name', ({ known }) => known.actor?.name],
  ['target_id', ({ event }) => event.target?.id],
  ['target_name', ({ known }) => known.target?.name],
  ['group_name', ({ known }) => known.group?.name],
  ['description', ({ event }) => event.description],
  ['component', ({ event }) => event.component],
  ['version', ({ event }) => event.version],
  ['attempts', ({ event, correctedBy }) => String(attemptsIn(event) - (correctedBy === undefined ? 0 : 1))],
  ['corrects', ({ event }) => correctionIn(event)],
  ['corrected_by', ({ correctedBy }) => correctedBy],
  ['fields', ({ event }) => mapText(event.fields)],
  ['metadata', ({ event }) => mapText(event.metadata)],
  ['hash', ({ hash }) => hash],
];

/** A spreadsheet may take a semicolon or a tab for the end of a cell, and then what follows for a formula. */
const FORMULA_INSIDE = /([;\t])(?=["'\s]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g;

/** Creates a stream that writes the rows of {@link csvRow} as CSV (RFC 4180) in which no cell is a formula to a spreadsheet. */
export function csvStream(): Stringifier {
  const columns = COLUMNS.map(([name]) => name);
  return stringify({ header: true, columns, bom: true, record_delimiter: 'windows', escape_formulas: true });
}

/**
 * Converts an event to a row of CSV.
 *
 * @param stored the event
 */
export function csvRow(stored: StoredEvent): string[] {
  // Line breaks are shown as escapes, since some programs read a formula after a line break.
  return COLUMNS.map(([, read]) => showControls(read(stored) ?? '').replace(FORMULA_INSIDE, "$1'"));
}

function mapText(map: AuditEvent['fields']): string | undefined {
  return map && JSON.stringify(map);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

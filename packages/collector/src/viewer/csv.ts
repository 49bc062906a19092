import type { AuditEvent } from '@auditlogin/core';
import { showControls } from '@auditlogin/core/log';
import { stringify } from 'csv-stringify';
import type { Stringifier } from 'csv-stringify';
import { factsOf } from '../store/facts.js';
import type { StoredEvent } from '../store/store.js';

const COLUMNS = [
  ...[
    'time',
    'received',
    'id',
    'external_id',
    'action',
    'outcome',
    'reason',
    'account',
    'actor_id',
    'actor_name',
    'group_id',
    'group_name',
  ],
  ...['source_ip', 'description', 'component', 'version', 'attempts', 'fields', 'metadata', 'hash'],
];

/** A stream that takes {@link csvRow}s and gives CSV (RFC 4180) that no spreadsheet takes for formulas. */
export function csvStream(): Stringifier {
  return stringify({ header: true, columns: COLUMNS, bom: true, record_delimiter: 'windows', escape_formulas: true });
}

/**
 * An event as a row of CSV.
 *
 * @param stored the event
 */
export function csvRow({ id, hash, received, canonicalTime, names, event }: StoredEvent): string[] {
  const { outcome, reason, account, address, attempts } = factsOf(event);
  const cells: (string | null | undefined)[] = [
    ...[iso(canonicalTime), iso(received), id, event.external_id, event.action, outcome, reason, account, event.actor?.id, names.actor],
    ...[event.group?.id, names.group, address, event.description, event.component, event.version, String(attempts)],
    ...[mapText(event.fields), mapText(event.metadata), hash],
  ];
  // In one line: after a line break, too, some programs begin to read a formula.
  return cells.map((cell) => showControls(cell ?? ''));
}

function mapText(map: AuditEvent['fields']): string {
  return map ? JSON.stringify(map) : '';
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

import { operateCollector } from '@auditlogin/collector';
import { AuditError } from '@auditlogin/core';
import { paint } from '../paint.js';
import { progressBar } from '../progress.js';
import { table } from '../table.js';

/** The flags that the commands on a collector's data share. */
export interface DataFlags {
  data: string;
  json?: boolean;
}

/**
 * Makes a publisher token.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function tokenCreate({ data, json, project, name }: DataFlags & { project: string; name: string }): void {
  using operator = operateCollector(data);
  const made = operator.tokens.create(project, name);
  if (json) return console.log(JSON.stringify(made));
  console.error(`Token ${made.id} opens project ${project}. It is shown this once only:`);
  console.log(made.token);
}

/**
 * Lists the tokens, without their secrets.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function tokenList({ data, json }: DataFlags): void {
  using operator = operateCollector(data);
  const tokens = operator.tokens.list();
  if (json) return console.log(JSON.stringify(tokens));
  if (tokens.length === 0) return console.log('No token was made; the one that the collector was started with is not listed.');
  const time = (at: number | undefined): string => (at === undefined ? '' : new Date(at).toISOString());
  console.log(
    table(
      ['ID', 'PROJECT', 'NAME', 'CREATED', 'REVOKED'],
      tokens.map(({ id, project, name, created, revoked }) => [id, project, name, time(created), time(revoked)]),
    ),
  );
}

/**
 * Revokes a token: from now on it opens nothing, and the sessions that it opened end.
 *
 * @param id the token's id
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` when there is no such token that is valid
 */
export function tokenRevoke(id: string, { data }: DataFlags): void {
  using operator = operateCollector(data);
  if (!operator.tokens.revoke(id)) {
    throw new AuditError(
      'ERR_AUDIT_OPTION_INVALID',
      `No valid token has the id ${JSON.stringify(id)}; "auditlogin token list" shows them.`,
      { field: 'id' },
    );
  }
  console.log(`Token ${id} is revoked.`);
}

/**
 * Copies a collector's database, while it is in use or not.
 *
 * @param file where to
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` when the file is there already
 */
export async function backup(file: string, { data }: DataFlags): Promise<void> {
  using operator = operateCollector(data);
  const bar = progressBar('Copying', 'pages');
  try {
    await operator.backup(file, bar.update);
  } finally {
    bar.stop();
  }
  console.log(`${paint.green('✓')} The events are in ${file}. To restore them, put it into an empty data folder as events.sqlite.`);
}

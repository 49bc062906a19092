import { operateCollector } from '@auditlogin/collector';
import { AuditError } from '@auditlogin/core';
import { showControls, showJson } from '@auditlogin/core/log';
import { paint } from '../paint.js';
import { progressBar } from '../progress.js';
import { table } from '../table.js';

/** The flags of the commands that work on a collector's data folder. */
export interface DataFlags {
  data: string;
  json?: boolean;
}

/**
 * Creates a publisher token.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`
 */
export function tokenCreate({
  data,
  json,
  project,
  name,
  publishOnly,
}: DataFlags & { project: string; name: string; publishOnly?: boolean }): void {
  using operator = operateCollector(data);
  const made = operator.tokens.create(project, name, !publishOnly);
  if (json) return console.log(showJson(made));
  console.error(`Token ${made.id} is valid for project ${showControls(project)}. It is shown only once:`);
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
  if (json) return console.log(showJson(tokens));
  if (tokens.length === 0) return console.log('There are no tokens. The token that the collector was started with is not listed.');
  const time = (at: number | undefined): string => (at === undefined ? '' : new Date(at).toISOString());
  console.log(
    table(
      ['ID', 'PROJECT', 'NAME', 'ACCESS', 'CREATED', 'REVOKED'],
      tokens.map(({ id, project, name, mayRead, created, revoked }) => [
        ...[id, project, name, mayRead ? 'publish, read' : 'publish'],
        ...[time(created), time(revoked)],
      ]),
    ),
  );
}

/**
 * Revokes a token and ends the viewer sessions that it opened.
 *
 * @param id the token's id
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if there is no valid token with this id
 */
export function tokenRevoke(id: string, { data }: DataFlags): void {
  using operator = operateCollector(data);
  if (!operator.tokens.revoke(id)) {
    throw new AuditError(
      'ERR_AUDIT_OPTION_INVALID',
      `No valid token has the id ${JSON.stringify(id)}; "auditlogin token list" shows the valid ones.`,
      { field: 'id' },
    );
  }
  console.log(`Token ${showControls(id)} is revoked.`);
}

/**
 * Copies a collector's database, which may be in use.
 *
 * @param file path of the copy
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if the file exists
 */
export async function backup(file: string, { data }: DataFlags): Promise<void> {
  using operator = operateCollector(data);
  const bar = progressBar('Copying', 'pages');
  try {
    await operator.backup(file, bar.update);
  } finally {
    bar.stop();
  }
  console.log(
    `${paint.green('✓')} The events are in ${showControls(file)}. To restore them, copy the file into an empty data folder as events.sqlite.`,
  );
}

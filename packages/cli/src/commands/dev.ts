import { once } from 'node:events';
import { startCollector } from '@auditlogin/collector';
import { AuditError } from '@auditlogin/core';
import { paint } from '../paint.js';

/** The flags of `auditlogin dev`. */
export interface DevFlags {
  port: string;
  data: string;
  project: string;
  token?: string;
  basePath?: string;
}

/**
 * Starts a collector and stays until it is told to stop.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` for a flag that cannot be right
 */
export async function dev(flags: DevFlags): Promise<void> {
  const collector = await startCollector({
    port: portOf(flags.port),
    dataDir: flags.data,
    project: flags.project,
    ...(flags.token !== undefined && { token: flags.token }),
    ...(flags.basePath !== undefined && { basePath: flags.basePath }),
  });
  console.log(`The collector listens on ${paint.cyan(collector.apiBase)}, and keeps its events in ${collector.dataDir}`);
  console.log(`Viewer: ${paint.cyan(collector.viewer)}\n`);
  console.log('To publish here:\n');
  console.log(`  export AUDITLOG_API_BASE=${shellWord(collector.apiBase)}`);
  console.log(`  export AUDITLOG_API_PROJECT=${shellWord(collector.project)}`);
  console.log(`  export AUDITLOG_API_TOKEN=${shellWord(collector.token)}\n`);
  console.log(paint.dim('Ctrl-C stops it.'));
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await collector.close();
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new AuditError('ERR_AUDIT_OPTION_INVALID', `Option "--port" is ${JSON.stringify(text)}; expected a number from 0 to 65535.`, {
    field: 'port',
  });
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

import { once } from 'node:events';
import { startCollector } from '@auditlogin/collector';
import { showControls } from '@auditlogin/core/log';
import { durationIn, numberIn, sizeIn } from '../flags.js';
import { paint } from '../paint.js';
import { shellWord } from '../shell.js';

/** The flags of `auditlogin dev`. */
export interface DevFlags {
  port: string;
  host?: string;
  allowedHost?: string[];
  trustedProxy?: string[];
  data: string;
  project: string;
  token?: string;
  basePath?: string;
  retain?: string;
  retainSize?: string;
}

/**
 * Starts a collector and runs until SIGINT or SIGTERM.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID` if a flag is invalid
 */
export async function dev({ host, allowedHost, trustedProxy, token, basePath, retain, retainSize, ...flags }: DevFlags): Promise<void> {
  const collector = await startCollector({
    port: numberIn('port', flags.port, 0, 65_535),
    dataDir: flags.data,
    project: flags.project,
    ...(host !== undefined && { host }),
    ...(allowedHost !== undefined && { allowedHosts: allowedHost }),
    ...(trustedProxy !== undefined && { trustedProxies: trustedProxy }),
    ...(token !== undefined && { token }),
    ...(basePath !== undefined && { basePath }),
    retention: {
      ...(retain !== undefined && { maxAge: durationIn('retain', retain) }),
      ...(retainSize !== undefined && { maxBytes: sizeIn('retain-size', retainSize) }),
    },
  });
  console.log(`The collector listens on ${paint.cyan(collector.apiBase)}, and stores its events in ${showControls(collector.dataDir)}`);
  console.log(`Viewer: ${paint.cyan(collector.viewerLink)}`);
  console.log(`Console: ${paint.cyan(`${collector.viewer}console/`)}\n`);
  console.log('To publish here:\n');
  console.log(`  export AUDITLOG_API_BASE=${shellWord(collector.apiBase)}`);
  console.log(`  export AUDITLOG_API_PROJECT=${shellWord(collector.project)}`);
  console.log(`  export AUDITLOG_API_TOKEN=${shellWord(collector.token)}\n`);
  console.log(paint.dim('The link to the viewer contains the token: keep it secret like the token. Ctrl-C stops the collector.'));
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await collector.close();
}

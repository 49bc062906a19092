import cluster from 'node:cluster';
import { createHmac, randomBytes } from 'node:crypto';
import type { Settings } from '../config/options.js';
import { identityKeyIn } from '../spool/disk/identity-key.js';

let isWarned = false;

/**
 * The key of the digests by which attempts on one account, and events of one session, are found: the `identityKey` option, else derived from the key of
 * the seal, else that of the spool directory. Without any of these it lasts as long as the process; who runs many processes is warned once.
 *
 * @param settings of the auditor
 * @param directory of the spool, if it is on disk and could be opened
 */
export function identityKeyOf({ identityKey, sealKey, typedIdentity }: Settings, directory: string | undefined): string {
  if (identityKey !== undefined) return identityKey;
  if (sealKey) return createHmac('sha256', sealKey.key).update('auditlogin.identity').digest('base64url');
  const shared = directory === undefined ? undefined : identityKeyIn(directory);
  if (shared !== undefined) return shared;
  if (!isWarned && isOneOfMany() && typedIdentity !== 'plain' && typedIdentity !== 'omit') {
    isWarned = true;
    process.emitWarning(
      'auditlogin made a key for typed names that lasts as long as this process, so each process counts attempts on one account apart. Set "identityKey".',
      { type: 'AuditLoginWarning', code: 'AUDIT_IDENTITY_KEY' },
    );
  }
  return randomBytes(32).toString('base64url');
}

/** A worker of node:cluster or of pm2: its siblings have keys of their own. */
function isOneOfMany(): boolean {
  return cluster.isWorker || process.env['NODE_APP_INSTANCE'] !== undefined || process.env['pm_id'] !== undefined;
}

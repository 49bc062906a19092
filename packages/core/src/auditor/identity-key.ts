import cluster from 'node:cluster';
import { createHmac, randomBytes } from 'node:crypto';
import type { Settings } from '../config/options.js';
import { identityKeyIn } from '../spool/disk/identity-key.js';

let isWarned = false;

/**
 * Chooses the key of the digests that identify accounts and sessions: the `identityKey` option, else a key derived from the sealing key, else the key
 * of the spool directory. Without any of these the key is random, and an application with several processes gets a warning.
 *
 * @param settings the auditor's settings
 * @param directory directory of the spool, if it is on disk and could be opened
 */
export function identityKeyOf({ identityKey, sealKey, typedIdentity }: Settings, directory: string | undefined): string {
  if (identityKey !== undefined) return identityKey;
  if (sealKey) return createHmac('sha256', sealKey.key).update('auditlogin.identity').digest('base64url');
  const shared = directory === undefined ? undefined : identityKeyIn(directory);
  if (shared !== undefined) return shared;
  if (!isWarned && isOneOfMany() && typedIdentity !== 'plain' && typedIdentity !== 'omit') {
    isWarned = true;
    process.emitWarning(
      'The key for digests of typed names is random for each process, so attempts on one account have different digests in each. Set "identityKey".',
      { type: 'AuditLoginWarning', code: 'AUDIT_IDENTITY_KEY' },
    );
  }
  return randomBytes(32).toString('base64url');
}

/** Whether this is a worker of node:cluster or pm2, whose siblings have other random keys. */
function isOneOfMany(): boolean {
  return cluster.isWorker || process.env['NODE_APP_INSTANCE'] !== undefined || process.env['pm_id'] !== undefined;
}

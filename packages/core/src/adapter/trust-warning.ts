const warned = new WeakSet<object>();

/**
 * Warns once per application that clients can forge the audited address, since every proxy is trusted.
 *
 * @param application the framework's application
 * @param setting the setting that trusts every proxy, and a safer one
 */
export function warnOfForgeableAddress(application: object, setting: string): void {
  if (warned.has(application)) return;
  warned.add(application);
  process.emitWarning(`Any client can forge the address that is audited: ${setting}.`, {
    type: 'AuditLoginWarning',
    code: 'AUDIT_TRUST_PROXY',
  });
}

import { engineIn, type EngineFlags } from '../engine.js';

/**
 * Creates the tables or streams of an engine.
 *
 * @param flags the command line's flags
 * @throws AuditError `ERR_AUDIT_OPTION_INVALID`, `ERR_AUDIT_CONFIG_MISSING` or `ERR_AUDIT_ENGINE`
 */
export async function engineInit(flags: EngineFlags & { print?: boolean }): Promise<void> {
  const engine = engineIn({ ...flags, ...(flags.print && { engine: 'postgres' }) });
  if (!flags.print) return console.log(await engine.init());
  const { MIGRATIONS } = await import('@auditlogin/postgres');
  console.log(`${MIGRATIONS.join(';\n\n')};`);
}

/** Where a setting came from. */
export type SettingSource = 'options' | (typeof VARIABLES)[keyof typeof VARIABLES][number] | 'default';

/** The environment variables of each setting, in order of precedence (Publisher API, "Configuration that users already have"). */
export const VARIABLES = {
  apiBase: ['AUDITLOG_API_BASE'],
  project: ['AUDITLOG_API_PROJECT', 'BOOTSTRAP_PUBLISHER_PROJECT'],
  token: ['AUDITLOG_API_TOKEN', 'BOOTSTRAP_PUBLISHER_TOKEN'],
  spoolDirectory: ['AUDITLOG_SPOOL_DIR'],
  sealKey: ['AUDITLOG_SEAL_KEY'],
  disabled: ['AUDITLOG_DISABLED'],
} as const;

/** A value and the environment variable it came from. */
export interface FoundVariable {
  value: string;
  source: SettingSource;
}

/**
 * Reads a setting from the environment. The value is trimmed, since mounted or decoded secrets often end in a newline.
 *
 * @param name the setting
 * @param env the environment
 */
export function fromEnvironment(name: keyof typeof VARIABLES, env: NodeJS.ProcessEnv): FoundVariable | undefined {
  for (const source of VARIABLES[name]) {
    const value = env[source]?.trim();
    if (value) return { value, source };
  }
  return undefined;
}

/** Where a setting came from, in the words of an operator. */
export type SettingSource = 'options' | (typeof VARIABLES)[keyof typeof VARIABLES][number] | 'default';

/** The variables of each setting, the first that is set counts (Publisher API, "Configuration that users already have"). */
export const VARIABLES = {
  apiBase: ['AUDITLOG_API_BASE'],
  project: ['AUDITLOG_API_PROJECT', 'BOOTSTRAP_PUBLISHER_PROJECT'],
  token: ['AUDITLOG_API_TOKEN', 'BOOTSTRAP_PUBLISHER_TOKEN'],
  spoolDirectory: ['AUDITLOG_SPOOL_DIR'],
  sealKey: ['AUDITLOG_SEAL_KEY'],
  disabled: ['AUDITLOG_DISABLED'],
} as const;

/** A value of the environment and the variable that holds it. */
export interface FoundVariable {
  value: string;
  source: SettingSource;
}

/**
 * Finds a setting in the environment. White space around it does not count: secrets that are mounted or decoded often end in a newline.
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

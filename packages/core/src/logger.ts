/** The part of a pino-like logger that auditlogin uses. */
export interface Logger {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Writes warnings and errors to standard error, a line each. */
export const consoleLogger: Logger = {
  warn: (_details, message) => console.warn(`auditlogin: ${message}`),
  error: (_details, message) => console.error(`auditlogin: ${message}`),
};

/**
 * Whether a value can be logged to.
 *
 * @param value anything
 */
export function isLogger(value: unknown): value is Logger {
  if (typeof value !== 'object' || value === null) return false;
  const { warn, error } = value as Partial<Logger>;
  return typeof warn === 'function' && typeof error === 'function';
}

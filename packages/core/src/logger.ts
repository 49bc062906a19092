/** The logger methods that auditlogin uses. A pino logger has them. */
export interface Logger {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Writes each warning or error as one line to standard error. */
export const consoleLogger: Logger = {
  warn: (_details, message) => console.warn(`auditlogin: ${message}`),
  error: (_details, message) => console.error(`auditlogin: ${message}`),
};

/**
 * Whether a value has the methods of a {@link Logger}.
 *
 * @param value anything
 */
export function isLogger(value: unknown): value is Logger {
  if (typeof value !== 'object' || value === null) return false;
  const { warn, error } = value as Partial<Logger>;
  return typeof warn === 'function' && typeof error === 'function';
}

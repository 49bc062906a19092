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

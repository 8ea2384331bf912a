/** Extra facts of a log line. Never holds a secret: URLs are redacted before they get here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What this library logs to; pino, winston and `console` fit with at most a small adapter. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Logs nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The default logger: warnings and errors to the console, nothing below. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn: (message, fields) => console.warn(`[kombu] ${message}`, ...(fields ? [fields] : [])),
  error: (message, fields) => console.error(`[kombu] ${message}`, ...(fields ? [fields] : [])),
};

/** A logger that can never throw into its caller: a user's logger is a hook like any other. */
export function guardLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger) =>
    (message: string, fields?: LogFields): void => {
      try {
        logger[level](message, fields);
      } catch {
        // Nowhere is left to report it.
      }
    };
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}

/** The server's log: a line of JSON for each request, and for what goes wrong. It has no pictures, no texts, no filters and no keys. */
import { type DestinationStream, type Logger, pino } from 'pino';

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** @param stream @default stderr, as data belongs to stdout */
export function createLog(
  level: (typeof logLevels)[number] = 'info',
  stream: DestinationStream = pino.destination({ dest: 2, sync: false }),
): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: ['headers', 'authorization', 'err.details', 'err.config'],
    },
    stream,
  );
}

export const silentLog: Logger = pino({ level: 'silent' });

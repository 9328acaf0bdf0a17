import { Logger } from '@aws-lambda-powertools/logger';
import { LineFormat } from './log-format.ts';

/** The part of the logger that code needs, so that tests can listen. */
export type LineWriter = Pick<Logger, 'info' | 'warn' | 'error'>;

/** Levels at which request lines, and with them the metrics that the alarms watch, would no longer be written. */
const blindLevels = new Set(['WARN', 'ERROR', 'CRITICAL']);

/**
 * Makes the logger of this function: structured JSON, level and service name from the environment. A level above `INFO` is
 * taken as `INFO`, since the lines about requests carry the metrics; only `SILENT` silences them, for tests.
 *
 * Nothing about a request is ever appended to it, since one isolate serves several requests at once: what belongs to a
 * request is passed with the line.
 */
export function createLogger(): Logger {
  const made = new Logger({ logFormatter: new LineFormat() });
  if (blindLevels.has(made.getLevelName())) made.setLogLevel('INFO');
  return made;
}

export const logger = createLogger();

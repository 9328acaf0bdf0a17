import { Logger } from '@aws-lambda-powertools/logger';

/**
 * The logger of this function: structured JSON, level and service name from the environment.
 *
 * Nothing about a request is ever appended to it, since one isolate serves several requests at once: what belongs to a
 * request is passed with the line.
 */
export const logger = new Logger();

/** The part of the logger that code needs, so that tests can listen. */
export type LineWriter = Pick<Logger, 'info' | 'warn' | 'error'>;

import { LogFormatter, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';

/** Stands in place of a message that may quote what was stored. */
const withoutMessage = '(left out: it may quote what was stored)';

/**
 * Names under which AWS's services and the SDK complain of the values that they were sent, and quote them: "The parameter cannot be
 * converted to a numeric value: …", "Invalid base64: …". Their other errors speak of limits, tables and names.
 */
const quotingErrors: ReadonlySet<string> = new Set(['ValidationException', 'SerializationException']);

/** `JSON.parse` quotes the text where it is no JSON; that may be a message of a queue, or a row. */
function quotesItems(error: Error): boolean {
  const isOfService = quotingErrors.has(error.name) && '$metadata' in error;
  return (isOfService || error.name === 'SyntaxError') && error.message !== '';
}

/**
 * The form of every line: level, message, time, service and trace, then what the line itself says. Of an error just
 * its name, code, message, stack and causes are written: libraries hang whole items and answers on theirs, and what
 * customers store has no place in a log.
 */
export class LineFormat extends LogFormatter {
  override formatAttributes(attributes: UnformattedAttributes, fields: LogAttributes): LogItem {
    const { logLevel, message, timestamp, serviceName, xRayTraceId } = attributes;
    return new LogItem({
      attributes: {
        level: logLevel,
        message,
        timestamp: this.formatTimestamp(timestamp),
        service: serviceName,
        ...(xRayTraceId !== undefined && { traceId: xRayTraceId }),
      },
    }).addAttributes(fields);
  }

  override formatError(error: Error): LogAttributes {
    const { name, stack, cause } = error;
    const message = quotesItems(error) ? withoutMessage : error.message;
    const { code } = error as { code?: unknown };
    return {
      name,
      ...(typeof code === 'string' && { code }),
      message,
      stack: message === error.message ? stack : stack?.replaceAll(error.message, withoutMessage),
      ...(cause instanceof Error && { cause: this.formatError(cause) }),
    };
  }
}

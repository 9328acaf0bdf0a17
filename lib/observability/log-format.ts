import { LogFormatter, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';

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
    const { name, message, stack, cause } = error;
    const { code } = error as { code?: unknown };
    return {
      name,
      ...(typeof code === 'string' && { code }),
      message,
      stack,
      ...(cause instanceof Error && { cause: this.formatError(cause) }),
    };
  }
}

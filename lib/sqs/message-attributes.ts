import type { MessageAttributeValue, MessageSystemAttributeValue } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import type { Cause } from '../dynamodb/index.ts';
import { formatXRayHeader, parseTraceparent } from '../observability/trace-context.ts';

/** What a message carries of the request it comes from: the names of its message attributes. */
export const causeAttributes = { correlationId: 'correlationId', traceparent: 'traceparent' } as const;

const traceHeader = 'AWSTraceHeader';

/** The attributes that link a message to a cause; none where nothing is known of it. */
export function messageAttributesOf({ correlationId, traceparent }: Cause): {
  MessageAttributes?: Record<string, MessageAttributeValue>;
  MessageSystemAttributes?: Record<string, MessageSystemAttributeValue>;
} {
  const trace = parseTraceparent(traceparent);
  const attributes = {
    ...(correlationId && { [causeAttributes.correlationId]: text(correlationId) }),
    ...(traceparent !== undefined && { [causeAttributes.traceparent]: text(traceparent) }),
  };
  return {
    ...(Object.keys(attributes).length > 0 && { MessageAttributes: attributes }),
    // X-Ray shows what a message led to under what sent it.
    ...(trace && { MessageSystemAttributes: { [traceHeader]: text(formatXRayHeader(trace)) } }),
  };
}

/** The cause that a received message carries. */
export function causeOfMessage({ messageAttributes }: Pick<SQSRecord, 'messageAttributes'>): Cause {
  const correlationId = messageAttributes[causeAttributes.correlationId]?.stringValue;
  const traceparent = messageAttributes[causeAttributes.traceparent]?.stringValue;
  return { ...(correlationId !== undefined && { correlationId }), ...(traceparent !== undefined && { traceparent }) };
}

function text(value: string): { DataType: string; StringValue: string } {
  return { DataType: 'String', StringValue: value };
}

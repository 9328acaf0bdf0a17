import type { QueueSourceDefinition } from '../deployment.ts';
import type { QueuedMessage } from '../queues.ts';
import { region } from '../stack-scope.ts';

/** A message as a function receives it. Source: AWS Lambda Developer Guide, "Using Lambda with Amazon SQS". */
export function lambdaMessage(message: QueuedMessage, sourceArn: string): object {
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: message.attributes,
    messageAttributes: Object.fromEntries(
      Object.entries(message.messageAttributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
        name,
        {
          ...(StringValue !== undefined && { stringValue: StringValue }),
          ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
          stringListValues: [],
          binaryListValues: [],
          dataType: DataType,
        },
      ]),
    ),
    md5OfBody: message.md5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: sourceArn,
    awsRegion: region,
  };
}

/** Whether a message is wanted: a filter sees its body as JSON where it is, else as text. */
export function isWanted(message: QueuedMessage, { wants, sourceArn }: QueueSourceDefinition): boolean {
  return wants({ ...lambdaMessage(message, sourceArn), body: parsedBody(message.body) });
}

function parsedBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return body;
  }
}

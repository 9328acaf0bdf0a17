import { type MessageAttributeValue, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { InvariantViolation, LedgerError } from '../ledger/index.ts';
import type { DeadLetterQueue, DeadMessage, MessageAttribute } from './dead-letter.ts';

const connectionTimeoutMs = 500;
const timeoutMs = 1_500;
const maxAttempts = 2;

const traceHeader = 'AWSTraceHeader';

export interface MessageResenderOptions {
  /** The URLs of the queues that messages came from. */
  readonly queueUrls: Readonly<Record<DeadLetterQueue, string>>;
  /** Another endpoint than the SDK's own variable names. */
  readonly endpoint?: string;
}

/** Sends messages again to the queues that they came from. */
export class MessageResender {
  readonly #client: SQSClient;
  readonly #queueUrls: Readonly<Record<DeadLetterQueue, string>>;

  constructor({ queueUrls, endpoint }: MessageResenderOptions) {
    this.#queueUrls = queueUrls;
    this.#client = new SQSClient({
      ...(endpoint !== undefined && { endpoint }),
      maxAttempts,
      // A queue has the host of AWS in its URL wherever it is; who is told of another endpoint sends there.
      useQueueUrlAsEndpoint: false,
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
      },
    });
    this.#client.middlewareStack.remove('loggerMiddleware');
  }

  /**
   * Sends a message as it was: body, attributes and group. A FIFO queue drops one with the id of one sent in the last five
   * minutes, so the id must be another than the one it had then.
   *
   * @returns SQS's id of the message that was sent
   * @throws LedgerError `outcome_unknown`: then it may or may not have been sent
   */
  async resend(queue: DeadLetterQueue, message: DeadMessage, deduplicationId: string): Promise<string> {
    const { body, attributes, messageAttributes } = message;
    const group = attributes.MessageGroupId;
    const trace = attributes[traceHeader];
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrls[queue],
      MessageBody: body,
      ...(group !== undefined && { MessageGroupId: group, MessageDeduplicationId: deduplicationId }),
      MessageAttributes: Object.fromEntries(
        Object.entries(messageAttributes).map(([name, attribute]) => [name, sentAttribute(attribute)]),
      ),
      ...(trace !== undefined && {
        MessageSystemAttributes: { [traceHeader]: { DataType: 'String', StringValue: trace } },
      }),
    });
    let sent: string | undefined;
    try {
      sent = (await this.#client.send(command)).MessageId;
    } catch (error) {
      throw new LedgerError('outcome_unknown', 'a queue did not take a message', {}, { cause: error });
    }
    if (sent === undefined) throw new InvariantViolation('a message that was sent has an id');
    return sent;
  }
}

function sentAttribute({ type, value }: MessageAttribute): MessageAttributeValue {
  return type.startsWith('Binary')
    ? { DataType: type, BinaryValue: Buffer.from(value, 'base64') }
    : { DataType: type, StringValue: value };
}

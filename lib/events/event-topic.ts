import { PublishBatchCommand, type PublishBatchRequestEntry, SNSClient } from '@aws-sdk/client-sns';
import type { TenantId } from '../ledger/index.ts';
import { messageAttributesOf } from '../sqs/message-attributes.ts';
import { envelopeOf, envelopeText } from './envelope.ts';
import type { EventView } from './event-view.ts';

/** What SNS takes in one call. */
const maxEntries = 10;

/** What the messages of one call may come to together, in bytes: SNS takes 262,144, with attributes. */
const maxCallBytes = 240_000;

/** An event above this travels without what it is about, in bytes. None that the ledger makes today is so large. */
const maxMessageBytes = 200_000;

/** More accounts than these are not told for filters: an array is bounded too, and a filter wants few. */
const maxAccountsTold = 10;

const maxRounds = 4;
const requestTimeoutMs = 3_000;
const connectionTimeoutMs = 1_000;

/** The topic did not take all events; some may be published, and are again when the rest is. */
export class NotPublished extends Error {
  override readonly name = 'NotPublished';
}

export interface EventTopicOptions {
  readonly topicArn: string;
  /** Another endpoint than the SDK's own variable names. */
  readonly endpoint?: string;
}

/**
 * The topic of all tenants' events: FIFO, a group for each tenant, an event's id as its deduplication id, and attributes to
 * filter by: `type`, `tenant`, and `accounts` where they are few.
 */
export class EventTopic {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor({ topicArn, endpoint }: EventTopicOptions) {
    this.#topicArn = topicArn;
    this.#client = new SNSClient({
      ...(endpoint !== undefined && { endpoint }),
      maxAttempts: 3,
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        requestTimeout: requestTimeoutMs,
        throwOnRequestTimeout: true,
      },
    });
    this.#client.middlewareStack.remove('loggerMiddleware');
  }

  /**
   * Publishes events in their order. Those that a call refuses are sent again before the next call.
   *
   * @throws NotPublished, or whatever the SDK throws: then some may be published
   */
  async publish(tenant: TenantId, events: readonly EventView[]): Promise<void> {
    for (const entries of callsOf(events.map((event) => entryOf(tenant, event)))) await this.#send(entries);
  }

  async #send(entries: readonly PublishBatchRequestEntry[]): Promise<void> {
    let left = entries;
    for (let round = 1; left.length > 0; round++) {
      const { Failed = [] } = await this.#client.send(
        new PublishBatchCommand({ TopicArn: this.#topicArn, PublishBatchRequestEntries: [...left] }),
      );
      const failed = new Set(Failed.map(({ Id }) => Id));
      left = left.filter(({ Id }) => failed.has(Id));
      const [first] = Failed;
      if (first && (round === maxRounds || Failed.some(({ SenderFault }) => SenderFault))) {
        throw new NotPublished(`${left.length} events were refused: ${first.Code}`);
      }
    }
  }
}

function entryOf(tenant: TenantId, event: EventView): PublishBatchRequestEntry {
  const { id, type, accounts, cause } = event;
  const attribute = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });
  return {
    Id: id,
    Message: messageOf(tenant, event),
    MessageGroupId: tenant,
    MessageDeduplicationId: id,
    MessageAttributes: {
      type: attribute(type),
      tenant: attribute(tenant),
      ...(accounts.length > 0 &&
        accounts.length <= maxAccountsTold && { accounts: attribute(JSON.stringify(accounts), 'String.Array') }),
      ...messageAttributesOf(cause).MessageAttributes,
    },
  };
}

/** The envelope; of one too large to travel, without its data and with where that is read. Source: CloudEvents, extension "Dataref". */
function messageOf(tenant: TenantId, event: EventView): string {
  const text = envelopeText(tenant, event);
  if (Buffer.byteLength(text) <= maxMessageBytes) return text;
  const { data: _, ...rest } = envelopeOf(tenant, event);
  return JSON.stringify({ ...rest, dataref: `/v1/events?after=${event.sequence - 1}&limit=1` });
}

/** Entries in groups of one call each. */
function callsOf(entries: readonly PublishBatchRequestEntry[]): PublishBatchRequestEntry[][] {
  const calls: PublishBatchRequestEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = sizeOf(entry);
    const last = calls.at(-1);
    if (last && last.length < maxEntries && bytes + size <= maxCallBytes) {
      last.push(entry);
      bytes += size;
    } else {
      calls.push([entry]);
      bytes = size;
    }
  }
  return calls;
}

function sizeOf({ Message = '', MessageAttributes = {} }: PublishBatchRequestEntry): number {
  const attributes = Object.entries(MessageAttributes).map(
    ([name, { DataType = '', StringValue = '' }]) => name.length + DataType.length + Buffer.byteLength(StringValue),
  );
  return attributes.reduce((sum, size) => sum + size, Buffer.byteLength(Message));
}

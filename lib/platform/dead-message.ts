import type { SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { maxReceives } from '../config/queues.ts';
import { parseAccountId, parseTenantId, parseTransactionId } from '../ledger/index.ts';
import { causeOfMessage } from '../sqs/message-attributes.ts';
import type { DeadMessage, MessageAttribute } from './dead-letter.ts';
import { deadLetterIdOf } from './dead-letter-id.ts';
import { sourceOfDeadLetters } from './dead-letter-queue.ts';
import type { MessageLetter } from './dead-letter-store.ts';
import { cutToBytes, type Failure, failureTold } from './failure.ts';

/** Bytes of a body and of the attributes that are kept: together with all else they fit an item of 400 KB. */
const maxBodyBytes = 300_000;
const maxAttributesBytes = 60_000;

/** What the bodies of our own messages say of whom they are about; of others nothing is expected. */
const body = z.object({
  tenant: z.string().transform(parseTenantId).optional().catch(undefined),
  account: z.string().transform(parseAccountId).optional().catch(undefined),
  transactionId: z.string().transform(parseTransactionId).optional().catch(undefined),
});

/** What Lambda says of stream records that it gave up. Source: Lambda Developer Guide, "Configuring an on-failure destination". */
const streamFailure = z.object({
  requestContext: z.object({ condition: z.string(), approximateInvokeCount: z.int() }),
  responseContext: z.object({ functionError: z.string().optional() }).optional(),
  DDBStreamBatchInfo: z.object({ approximateArrivalOfFirstRecord: z.iso.datetime() }),
});

type Attempts = Pick<MessageLetter, 'attempts' | 'firstFailureAt'> & { readonly failure?: Failure };

/**
 * The dead letter of a message that came out of a queue of dead letters. Whatever the message is, it has one, and however
 * often the message comes, the same.
 *
 * @param now milliseconds since 1970
 * @throws InvariantViolation for a message of another queue
 */
export function letterOfMessage(record: SQSRecord, now: number): MessageLetter {
  const source = sourceOfDeadLetters(record.eventSourceARN);
  const sentAt = Number(record.attributes.SentTimestamp);
  const json = jsonOf(record.body);
  const { tenant, account, transactionId } = body.safeParse(json).data ?? {};
  return {
    id: deadLetterIdOf(sentAt, { message: record.messageId, source }),
    tenant,
    kind: 'message',
    source,
    status: 'open',
    ...(source === 'ledger_stream' ? streamAttempts(json, sentAt) : queueAttempts(record, sentAt)),
    lastFailureAt: now,
    cause: causeOfMessage(record),
    ...(account !== undefined && { account }),
    ...(transactionId !== undefined && { transactionId }),
    message: messageOf(record),
  };
}

/** A message that a topic could not deliver says why in its attributes; of others, what a worker noted is added later. */
function queueAttempts({ messageAttributes }: SQSRecord, sentAt: number): Attempts {
  const errorClass = messageAttributes.ErrorCode?.stringValue;
  const errorMessage = messageAttributes.ErrorMessage?.stringValue ?? '';
  return {
    ...(errorClass !== undefined && { failure: failureTold({ errorClass, errorMessage }) }),
    attempts: maxReceives,
    firstFailureAt: sentAt,
  };
}

function streamAttempts(json: unknown, sentAt: number): Attempts {
  const { data } = streamFailure.safeParse(json);
  if (!data) return { attempts: 1, firstFailureAt: sentAt };
  const { requestContext, responseContext, DDBStreamBatchInfo } = data;
  const { condition: errorClass, approximateInvokeCount: attempts } = requestContext;
  const errorMessage = `function error: ${responseContext?.functionError ?? 'none'}`;
  const firstFailureAt = Date.parse(DDBStreamBatchInfo.approximateArrivalOfFirstRecord);
  return { failure: failureTold({ errorClass, errorMessage }), attempts, firstFailureAt };
}

function messageOf({ messageId: id, body: whole, attributes, messageAttributes }: SQSRecord): DeadMessage {
  const kept: Record<string, MessageAttribute> = {};
  for (const [name, { dataType, stringValue, binaryValue }] of Object.entries(messageAttributes)) {
    kept[name] = { type: dataType, value: stringValue ?? binaryValue ?? '' };
  }
  const system = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
  const fits = Buffer.byteLength(JSON.stringify(kept)) <= maxAttributesBytes;
  const text = cutToBytes(whole, maxBodyBytes);
  const isCut = !fits || text !== whole;
  return { id, body: text, attributes: system, messageAttributes: fits ? kept : {}, ...(isCut && { isCut }) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // That it is none may be why it ended here; the text itself is kept.
    return undefined;
  }
}

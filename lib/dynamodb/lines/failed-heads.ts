import {
  type DynamoDBDocumentClient,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import {
  type AccountId,
  InvariantViolation,
  LedgerError,
  maxLineAttempts,
  recordIdOfTransaction,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import type { Cause } from '../items/cause.ts';
import type { Row } from '../items/items.ts';
import { placeKey, recordKey } from '../items/keys.ts';
import type { HeadFailures, Place } from '../items/line-item.ts';
import type { ActionFailure } from '../table/faults.ts';
import type { Clock } from '../table/patience.ts';
import { insistently } from '../table/single-write.ts';

type TransactItems = TransactWriteCommandInput['TransactItems'];

/** Characters of an error's message that are kept. */
const maxMessageLength = 1_000;

/** A transaction that failed by itself until it was given up. */
export interface FailedHead {
  readonly tenant: TenantId;
  readonly transactionId: TransactionId;
  /** In whose line it was. */
  readonly account: AccountId;
  /** What was thrown last. */
  readonly error: unknown;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
  readonly cause?: Cause;
}

/** Where dead letters are kept: in another table, and in the same write as what they are about. */
export interface DeadLetterPlace {
  readonly table: string;
  item(failed: FailedHead): Row;
}

export interface FailedHeadsDependencies {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly deadLetters: DeadLetterPlace;
}

/** Counts how often the head of a line fails by itself, and gives it up when that was too often. */
export class FailedHeads {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #deadLetters: DeadLetterPlace;

  constructor({ client, table, clock, deadLetters }: FailedHeadsDependencies) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#deadLetters = deadLetters;
  }

  /**
   * Counts one more failure on the place in line. At the last one the transaction becomes `failed`, leaves its line and
   * leaves a dead letter, in one write; that is then returned. Nothing happens where the place is gone by now.
   *
   * @throws LedgerError `unavailable`, `outcome_unknown`
   */
  async count(tenant: TenantId, place: Place, error: Error, cause: Cause | undefined): Promise<FailedHead | undefined> {
    const now = this.#clock.now();
    const failures: HeadFailures = {
      attempts: (place.failures?.attempts ?? 0) + 1,
      errorClass: error.name,
      // Half of a character, which a cut may leave, is no text to DynamoDB: it would refuse to count, and the line would stand still.
      errorMessage: error.message.slice(0, maxMessageLength).toWellFormed(),
      firstFailedAt: place.failures?.firstFailedAt ?? now,
      lastFailedAt: now,
    };
    if (failures.attempts < maxLineAttempts) {
      await this.#keep(tenant, place, failures);
      return undefined;
    }
    const failed: FailedHead = {
      tenant,
      transactionId: place.transaction,
      account: place.account,
      error,
      attempts: failures.attempts,
      firstFailureAt: failures.firstFailedAt,
      lastFailureAt: failures.lastFailedAt,
      ...(cause && { cause }),
    };
    return (await this.#giveUp(tenant, place, failed)) ? failed : undefined;
  }

  async #keep(tenant: TenantId, place: Place, failures: HeadFailures): Promise<void> {
    await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: keyOf(tenant, place),
          UpdateExpression: 'SET failures = :failures',
          // Another worker may have counted the same failure, or the place may be gone.
          ConditionExpression:
            'attribute_exists(PK) AND (attribute_not_exists(failures) OR failures.attempts < :attempts)',
          ExpressionAttributeValues: { ':failures': failures, ':attempts': failures.attempts },
        }),
        { requestTimeout },
      ),
    );
  }

  /** @returns false where this is not what made it fail: it was settled meanwhile, or another worker gave it up */
  async #giveUp(tenant: TenantId, place: Place, failed: FailedHead): Promise<boolean> {
    // Whoever settles a transaction takes its place away: where that is gone, there is nothing to tell of.
    const leave = { Delete: { TableName: this.#table, Key: keyOf(tenant, place), ...ifPresent } };
    const keep = { Put: { TableName: this.#deadLetters.table, Item: this.#deadLetters.item(failed) } };
    const fail = {
      Update: {
        TableName: this.#table,
        Key: recordKey(tenant, recordIdOfTransaction(place.transaction)),
        UpdateExpression: 'SET #status = :failed, failedAt = :now',
        ConditionExpression: '#status = :pending',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':failed': 'failed', ':pending': 'pending', ':now': failed.lastFailureAt },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
      },
    };
    const { refusals, isInDoubt } = await this.#write([fail, leave, keep]);
    const [ofRecord, ofPlace] = refusals;
    if (!ofRecord) return true;
    if (ofRecord.item?.status === 'failed') return isInDoubt && ofRecord.item.failedAt === BigInt(failed.lastFailureAt);
    if (ofPlace?.kind === 'condition') return false;
    // A place without a transaction that waits is damage: it goes, and its dead letter tells of it.
    const alone = await this.#write([leave, keep]);
    return alone.refusals.length === 0 || alone.isInDoubt;
  }

  /** Writes all or nothing; where a condition failed, an answer for each action. @throws LedgerError, InvariantViolation */
  async #write(actions: TransactItems): Promise<{ refusals: readonly ActionFailure[]; isInDoubt: boolean }> {
    const { refusal, isInDoubt } = await insistently(this.#clock, (requestTimeout) =>
      this.#client.send(new TransactWriteCommand({ TransactItems: actions }), { requestTimeout }),
    );
    if (!refusal) return { refusals: [], isInDoubt };
    if (refusal.kind !== 'cancelled') throw new InvariantViolation('a write of several is cancelled, or done');
    const { failures } = refusal;
    const invalid = failures.find(({ kind }) => kind === 'invalid');
    if (invalid) throw new InvariantViolation(`DynamoDB refused a failed head: ${invalid.message}`);
    if (failures.some(({ kind }) => kind === 'condition')) return { refusals: failures, isInDoubt };
    throw new LedgerError('unavailable', 'DynamoDB was too busy to take a failed head');
  }
}

/** The condition of a change that makes no item. */
const ifPresent = { ConditionExpression: 'attribute_exists(PK)' } as const;

function keyOf(tenant: TenantId, { account, acceptedAt, transaction }: Place) {
  return placeKey(tenant, account, acceptedAt, transaction);
}

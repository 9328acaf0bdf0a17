import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { attributeChanges } from '../dynamodb/items/attribute-changes.ts';
import { count, parseRow, type Row } from '../dynamodb/items/items.ts';
import { insistently } from '../dynamodb/table/single-write.ts';
import { InvariantViolation } from '../ledger/index.ts';
import type { FailureNote, FailureNotes } from '../sqs/index.ts';
import { type Failure, failureTold } from './failure.ts';
import { failureNoteKey, type PlatformKey } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';

/** A message lives 14 days, in its queue and among the dead letters together; a day later nobody asks for a note of it any more. */
export const noteLifeSeconds = 15 * 86_400;

const noteRow = z.object({
  failure: z.object({ errorClass: z.string(), errorMessage: z.string() }).optional(),
  attempts: count.optional(),
  firstFailureAt: count.optional(),
  lastFailureAt: count.optional(),
  /** The dead letter that was kept of the message. */
  keptAs: z.object({ PK: z.string(), SK: z.string() }).optional(),
});

/** What was noted of a message. */
export interface StoredNote {
  /** Absent before anything was noted: then only `keptAs` is known. */
  readonly noted?: NotedFailure;
  readonly keptAs?: PlatformKey;
}

export interface NotedFailure {
  readonly failure: Failure;
  readonly attempts: number;
  readonly firstFailureAt: number;
  readonly lastFailureAt: number;
}

/** @throws InvariantViolation for a damaged row */
export function parseNote(row: Row): StoredNote {
  const { failure, attempts = 0, firstFailureAt = 0, lastFailureAt = 0, keptAs } = parseRow(noteRow, row);
  return {
    ...(failure && { noted: { failure, attempts, firstFailureAt, lastFailureAt } }),
    ...(keptAs && { keptAs }),
  };
}

/**
 * Notes in the Platform table, which end by themselves. It does not matter whether a message's note or its dead letter
 * comes first: a note that comes late goes into the dead letter.
 */
export class StoredFailureNotes implements FailureNotes {
  readonly #table: PlatformTable;

  constructor(table: PlatformTable) {
    this.#table = table;
  }

  /** Of two notes of a message the one of the later attempt stays. @throws LedgerError `unavailable`, `outcome_unknown` */
  async note(failure: FailureNote): Promise<void> {
    const noted = {
      failure: failureTold(failure),
      attempts: failure.attempts,
      firstFailureAt: failure.firstReceivedAt,
      lastFailureAt: failure.failedAt,
    };
    const expiresAtSeconds = Math.ceil(this.#table.clock.now() / 1_000) + noteLifeSeconds;
    const existing = await this.#update(
      failureNoteKey(failure.messageId),
      { ...noted, expiresAtSeconds },
      `attribute_not_exists(keptAs) AND ${ifNotLater}`,
    );
    const { keptAs } = existing ? parseNote(existing) : {};
    if (keptAs) await this.#update(keptAs, { ...noted }, `attribute_exists(PK) AND ${ifNotLater}`);
  }

  /** @returns the item where the condition does not hold, and nothing is changed */
  async #update(key: PlatformKey, changes: Row, condition: string): Promise<Row | undefined> {
    const { expression, names, values } = attributeChanges(changes);
    const { refusal } = await insistently(this.#table.clock, (requestTimeout) =>
      this.#table.client.send(
        new UpdateCommand({
          TableName: this.#table.name,
          Key: key,
          UpdateExpression: expression,
          ConditionExpression: condition,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: values,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
        { requestTimeout },
      ),
    );
    if (!refusal) return undefined;
    if (refusal.kind !== 'condition') throw new InvariantViolation('a single write fails by its own condition only');
    return refusal.item;
  }
}

/** What an earlier attempt left gives way. The new number of attempts is among the values of every update. */
const ifNotLater = '(attribute_not_exists(failure) OR #attempts <= :attempts)';

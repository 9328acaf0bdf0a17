import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import type { ActContext, ActRecorder } from '../audit/act.ts';
import { recordingOf, writeRecorded } from '../audit/recorded-write.ts';
import type { AppliedKey } from '../dynamodb/index.ts';
import { type Clock, Patience } from '../dynamodb/table/patience.ts';
import { checkRefusal, insistently } from '../dynamodb/table/single-write.ts';
import { InvariantViolation, LedgerError, type TenantId } from '../ledger/index.ts';
import type { DeadLetter, DeadMessage, Resolution } from './dead-letter.ts';
import type { DeadLetterId } from './dead-letter-id.ts';
import { deadLetterRowOf, parseDeadLetter, type StoredDeadLetter } from './dead-letter-item.ts';
import { noteLifeSeconds, parseNote, type StoredNote } from './failure-notes.ts';
import { deadLetterKey, failureNoteKey } from './keys.ts';
import type { PlatformTable } from './platform-table.ts';

type Actions = NonNullable<TransactWriteCommandInput['TransactItems']>;

/** A dead letter of a message. */
export type MessageLetter = DeadLetter & { readonly message: DeadMessage };

/** What became of the wish to resolve a dead letter. */
export type ResolveResult =
  | { readonly kind: 'resolved'; readonly letter: StoredDeadLetter }
  /** Somebody else saw to it before. */
  | { readonly kind: 'not_open'; readonly letter: StoredDeadLetter };

/** Against notes that come while a dead letter is kept; there are few, each at the end of an attempt. */
const maxAttempts = 5;
const keepTimeoutMs = 5_000;

/** The dead letters: each kept once, and resolved once. */
export class DeadLetterStore {
  readonly #table: PlatformTable;
  readonly #clock: Clock;
  readonly #recorder: ActRecorder | undefined;

  /** With a recorder, who resolves a letter is recorded. */
  constructor(table: PlatformTable, recorder?: ActRecorder) {
    this.#table = table;
    this.#clock = table.clock;
    this.#recorder = recorder;
  }

  /**
   * Keeps a message's dead letter with what was noted of its last failure, unless it is kept already.
   *
   * @returns whether it was kept now; also where it may have been, since the answer to a try was lost: rather told twice than by nobody
   * @throws LedgerError `contention`, `unavailable`, `outcome_unknown`: then it may or may not be kept, and is kept once by another try
   */
  async keep(letter: MessageLetter): Promise<boolean> {
    const noteKey = failureNoteKey(letter.message.id);
    const patience = new Patience(this.#clock, keepTimeoutMs);
    let mayBeKept = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const row = await this.#table.reader.get(noteKey);
      const note = row ? parseNote(row) : {};
      if (note.keptAs) return mayBeKept;
      const { refusal, isInDoubt } = await insistently(this.#clock, (requestTimeout) =>
        this.#table.client.send(new TransactWriteCommand({ TransactItems: this.#keeping(letter, note) }), {
          requestTimeout,
        }),
      );
      if (!refusal) return true;
      if (refusal.kind !== 'cancelled') throw new InvariantViolation('a cancelled write gives its reasons');
      const [kept, noted] = refusal.failures;
      const invalid = refusal.failures.find(({ kind }) => kind === 'invalid');
      if (invalid) throw new InvariantViolation(`DynamoDB refused a dead letter: ${invalid.message}`);
      mayBeKept ||= isInDoubt;
      if (kept?.kind === 'condition') return mayBeKept;
      // Another note, or a conflict: to be read again.
      if (noted) await patience.pause(attempt);
    }
    throw new LedgerError('contention', 'notes of a message are being written');
  }

  /** One read. @throws LedgerError `unavailable` */
  async get(tenants: readonly (TenantId | undefined)[], id: DeadLetterId): Promise<StoredDeadLetter | undefined> {
    const [row] = await this.#table.reader.getAll(tenants.map((tenant) => deadLetterKey(tenant, id)));
    return row && parseDeadLetter(row);
  }

  /**
   * Says what was done about an open dead letter, once under an idempotency key. That it was reprocessed is said after the
   * fact, so it is said also where somebody discarded the letter meanwhile.
   *
   * @param by who does it; a store that records acts must be told
   * @throws LedgerError `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async resolve(
    letter: DeadLetter,
    status: 'reprocessed' | 'discarded',
    resolution: Resolution,
    keyApplied: AppliedKey,
    by?: ActContext,
  ): Promise<ResolveResult> {
    const { reason, transactionId, messageId } = resolution;
    const recording = recordingOf(this.#recorder, by, {
      // One that does not say whose it is, is of whoever saw to it.
      tenant: letter.tenant ?? (by?.actor.tenant as TenantId),
      action: `dead_letter.${status}`,
      target: letter.id,
      reason,
      after: { transactionId, messageId },
    });
    const patience = new Patience(this.#clock, keepTimeoutMs);
    let mayBeDone = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const update = this.#resolving(letter, status, { ...resolution, keyApplied });
      const { refusal, isInDoubt } = await writeRecorded(this.#table, [update], recording);
      if (!refusal)
        return { kind: 'resolved', letter: { ...letter, status, resolution: { ...resolution, keyApplied } } };
      checkRefusal(refusal, 'what became of a dead letter');
      const met = refusal.kind === 'cancelled' ? refusal.failures[0] : undefined;
      if (met?.kind === 'condition') {
        if (!met.item) throw new InvariantViolation('a dead letter is never deleted');
        const found = parseDeadLetter(met.item);
        return { kind: wasResolvedBy(found, keyApplied) ? 'resolved' : 'not_open', letter: found };
      }
      mayBeDone ||= isInDoubt;
      await patience.pause(attempt);
    }
    throw new LedgerError(mayBeDone ? 'outcome_unknown' : 'unavailable', 'DynamoDB did not take a write');
  }

  #resolving(letter: DeadLetter, status: 'reprocessed' | 'discarded', resolution: StoredDeadLetter['resolution']) {
    return {
      Update: {
        TableName: this.#table.name,
        Key: deadLetterKey(letter.tenant, letter.id),
        UpdateExpression: 'SET #status = :status, resolution = :resolution',
        ConditionExpression: status === 'reprocessed' ? '#status IN (:open, :discarded)' : '#status = :open',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ':status': status,
          ':resolution': resolution,
          ':open': 'open',
          ...(status === 'reprocessed' && { ':discarded': 'discarded' }),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
      },
    };
  }

  #keeping(letter: MessageLetter, { noted }: StoredNote): Actions {
    const TableName = this.#table.name;
    const { id: SK, tenant, message } = letter;
    const item = deadLetterRowOf({ ...letter, ...noted });
    return [
      { Put: { TableName, Item: item, ConditionExpression: 'attribute_not_exists(PK)' } },
      {
        Update: {
          TableName,
          Key: failureNoteKey(message.id),
          UpdateExpression: 'SET keptAs = :keptAs, expiresAtSeconds = :expiresAtSeconds',
          // What is noted meanwhile must not be missed.
          ConditionExpression: noted ? 'attempts = :attempts' : 'attribute_not_exists(attempts)',
          ExpressionAttributeValues: {
            ':keptAs': deadLetterKey(tenant, SK),
            ':expiresAtSeconds': Math.ceil(this.#clock.now() / 1_000) + noteLifeSeconds,
            ...(noted && { ':attempts': noted.attempts }),
          },
        },
      },
    ];
  }
}

/** @throws LedgerError `idempotency_key_reused` when the key resolved it by another request */
export function wasResolvedBy({ resolution }: StoredDeadLetter, { mark, requestHash }: AppliedKey): boolean {
  if (resolution?.keyApplied?.mark !== mark) return false;
  if (resolution.keyApplied.requestHash !== requestHash) {
    throw new LedgerError('idempotency_key_reused', 'the key was used for another request');
  }
  return true;
}

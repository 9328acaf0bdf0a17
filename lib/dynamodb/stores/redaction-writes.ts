import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import {
  type ChangeRecord,
  digestOfChange,
  type Hold,
  InvariantViolation,
  type LineCommand,
  movementAsked,
  movementsDigest,
  type PostedTransaction,
  type RecordId,
  type Redaction,
  recordIdOfHold,
  redactionOf,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import { attributeChanges } from '../items/attribute-changes.ts';
import { commandRow } from '../items/command-item.ts';
import { hashBytes, type Row } from '../items/items.ts';
import { changeKey, entryKey, holdKey, type Key, recordKey } from '../items/keys.ts';
import { hashInPlace, parseFailedCommand, parseRecord } from '../items/record-item.ts';

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** Attributes that hold what a client wrote, and the salt that guesses could be tried with. */
const removed = { description: undefined, metadata: undefined, salt: undefined } as const;

/** The actions that remove personal data from rows: each changes just the attributes that have it, if they still have it. */
export class RedactionWrites {
  readonly #table: string;
  readonly #tenant: TenantId;
  /** Milliseconds since 1970. */
  readonly #at: number;

  constructor(table: string, tenant: TenantId, at: number) {
    this.#table = table;
    this.#tenant = tenant;
    this.#at = at;
  }

  /**
   * Of the record of a transaction with the entries of what was posted, or of a batch with the records of its members. Nothing else of
   * the record matters, so that it may be reversed, reprocessed or appended to the journal at the same time. None where it is redacted already.
   */
  ofRecord(row: Row, members: readonly Row[] = []): Action[] {
    const { result } = parseRecord(row);
    if (result.kind === 'batch') {
      if (result.redacted) return [];
      const movements = hashBytes(movementsOf(result.transactions, members));
      return [
        this.#record(row, { at: this.#at }, { movements }),
        ...members.flatMap((member) => this.ofRecord(member)),
      ];
    }
    if (result.kind !== 'transaction' || result.transaction.redacted) return [];
    const { transaction } = result;
    if (transaction.status === 'rejected') return [this.#record(row, { at: this.#at })];
    if (transaction.status === 'failed') return [this.#record(row, { at: this.#at }, { command: commandLeft(row) })];
    return [this.#record(row, redactionOf(transaction, this.#at)), ...this.#entries(transaction)];
  }

  /**
   * Of a hold and the records of its making and its end, which each have a copy of its details. It is one version on, so that no operation
   * that was decided on the hold as it was before writes the details back.
   */
  ofHold(hold: Hold, end: RecordId | undefined): Action[] {
    const redacted = redactionOf(hold, this.#at);
    const { expression, names, values } = attributeChanges({ ...removed, redacted, version: hold.version + 1 });
    return [
      {
        Update: {
          TableName: this.#table,
          Key: holdKey(this.#tenant, hold.id),
          UpdateExpression: expression,
          ConditionExpression: '#version = :seen',
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ...values, ':seen': hold.version },
        },
      },
      this.#recordOfHold(recordIdOfHold(hold.id), redacted, ', #requestHash'),
      // The request that ended it has no details, so its hash says nothing of them.
      ...(end === undefined ? [] : [this.#recordOfHold(end, redacted)]),
    ];
  }

  /** Of the change of an account: what it was changed to is left out, and the digest of that kept. */
  ofChange(change: ChangeRecord): Action {
    const { expression, names, values } = attributeChanges({
      details: undefined,
      salt: undefined,
      detailsDigest: digestOfChange(change),
    });
    return {
      Update: {
        TableName: this.#table,
        Key: changeKey(this.#tenant, change.id),
        UpdateExpression: expression,
        ConditionExpression: 'attribute_exists(#details)',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
      },
    };
  }

  #record(row: Row, redacted: Redaction, others: Row = {}): Action {
    const changes = attributeChanges({ ...removed, requestHash: undefined, redacted, ...others });
    return {
      Update: {
        TableName: this.#table,
        Key: keyOf(row),
        UpdateExpression: changes.expression,
        ConditionExpression: '#status = :status AND attribute_not_exists(#redacted)',
        ExpressionAttributeNames: { ...changes.names, '#status': 'status' },
        ExpressionAttributeValues: { ...changes.values, ':status': row.status },
      },
    };
  }

  #recordOfHold(record: RecordId, redacted: Redaction, others = ''): Action {
    return {
      Update: {
        TableName: this.#table,
        Key: recordKey(this.#tenant, record),
        UpdateExpression: `SET #hold.#redacted = :redacted REMOVE #hold.#description, #hold.#metadata, #hold.#salt${others}`,
        ConditionExpression: 'attribute_exists(#hold.#version) AND attribute_not_exists(#hold.#redacted)',
        ExpressionAttributeNames: {
          '#hold': 'hold',
          '#redacted': 'redacted',
          '#description': 'description',
          '#metadata': 'metadata',
          '#salt': 'salt',
          '#version': 'version',
          ...(others !== '' && { '#requestHash': 'requestHash' }),
        },
        ExpressionAttributeValues: { ':redacted': redacted },
      },
    };
  }

  /** Entries repeat the description, and their hashes cover its digest only. */
  #entries({ description, entries, createdAt }: PostedTransaction): Action[] {
    if (description === undefined) return [];
    return entries.map((entry) => ({
      Update: {
        TableName: this.#table,
        Key: entryKey(this.#tenant, entry, createdAt, entry.sequence),
        UpdateExpression: 'REMOVE #description',
        ConditionExpression: 'attribute_exists(PK)',
        ExpressionAttributeNames: { '#description': 'description' },
      },
    }));
  }
}

/** The command of a failed record without its details; undefined where it cannot be read, and then all of it goes. */
function commandLeft(row: Row): Row | undefined {
  const command = parseFailedCommand(row);
  return command && commandRow(withoutDetails(command));
}

function withoutDetails(command: LineCommand): LineCommand {
  if (command.kind === 'batch') {
    const members = command.members.map(({ description: _, metadata: __, ...member }) => ({
      ...member,
      requestHash: hashInPlace(member.record),
    }));
    return { ...command, members };
  }
  const { description: _, metadata: __, ...rest } = command;
  return rest;
}

/** The digest of what a batch moves, from the records of its transactions, which come in no order. */
function movementsOf(transactions: readonly TransactionId[], members: readonly Row[]): string {
  const asked = new Map(
    members.flatMap((member) => {
      const { result } = parseRecord(member);
      const isPosted = result.kind === 'transaction' && result.transaction.status === 'posted';
      return isPosted ? [[result.transaction.id, movementAsked(result.transaction)] as const] : [];
    }),
  );
  return movementsDigest(
    transactions.map((id) => {
      const movement = asked.get(id);
      if (!movement) throw new InvariantViolation(`${id} of a batch is not posted`);
      return movement;
    }),
  );
}

function keyOf({ PK, SK }: Row): Key {
  return { PK: String(PK), SK: String(SK) };
}

import { type DynamoDBDocumentClient, QueryCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import {
  type AccountId,
  decide,
  InvariantViolation,
  isLineCommand,
  LedgerError,
  type LineCommand,
  lineOf,
  type Refusal,
  recordIdOfTransaction,
  type TransactionId,
} from '../../ledger/index.ts';
import type { PendingCommand } from '../commit/pending-command.ts';
import type { LoadedState, StateLoader } from '../commit/state-loader.ts';
import { ifAbsent, linePartition, recordKey } from '../items/keys.ts';
import { parsePlace, placeItem } from '../items/line-item.ts';
import { hashInPlace, parseRecord, recordItem } from '../items/record-item.ts';
import { boundedTimeout } from '../table/client.ts';
import type { ClockSkew } from '../table/clock-skew.ts';
import { type ActionFailure, type Fault, faultOf } from '../table/faults.ts';
import type { Clock } from '../table/patience.ts';

export interface AcceptorDependencies {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly clock: Clock;
  readonly skew: ClockSkew;
  readonly loader: StateLoader;
}

/** Where a command is accepted, and what for. */
export interface AcceptOptions {
  /** Whose line it joins; by default that of the first source of what it moves. */
  readonly account?: AccountId;
  /** The failed transaction that it is another try of. */
  readonly reprocesses?: TransactionId;
}

/**
 * Accepts commands to be executed later: the record, as pending, and a place at the end of an account's line, in one
 * write. From then on it will be executed, whether or not anybody is told to look.
 *
 * The time line, and what a crash or a lost answer leaves behind:
 *
 *   load state ──▶ read the line's tail ──▶ TransactWriteItems (record and place) ──▶ wake-up, best effort
 *      (nothing)          (nothing)             (both or nothing)                      (the stream tells too)
 */
export class Acceptor {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #skew: ClockSkew;
  readonly #loader: StateLoader;

  constructor({ client, table, clock, skew, loader }: AcceptorDependencies) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#skew = skew;
    this.#loader = loader;
  }

  /**
   * Settles the command: pending, or what the record of its key says; refused where what it needs does not exist. It is
   * not declined here: what it would be declined for may be otherwise when its turn comes. Behind whoever was accepted
   * before it was asked for, in the order of the line.
   *
   * @returns whether somebody waited there already: then somebody has been told to look
   */
  async accept(pending: PendingCommand, options: AcceptOptions = {}): Promise<boolean> {
    let isBehind = false;
    for (let attempt = 1; !pending.isSettled; attempt++) {
      if (attempt > 1) await pending.patience.pause(attempt - 1);
      if (pending.patience.isOver) pending.fail();
      else {
        try {
          isBehind = await this.#try(pending, options);
        } catch (error) {
          this.#tell(pending, error);
        }
      }
    }
    return isBehind;
  }

  async #try(pending: PendingCommand, options: AcceptOptions): Promise<boolean> {
    const { command } = pending;
    if (!isLineCommand(command)) throw new InvariantViolation(`${command.kind} does not wait in lines`);
    const account = options.account ?? (await this.#lineOf(pending, command));
    if (account === undefined || pending.isSettled) return false;
    const tail = await this.#tail(pending, account);
    if (this.#skew.isExcessive) {
      pending.lastFailure = 'unavailable';
      pending.fail();
      return false;
    }
    const at = Math.max(this.#clock.now(), tail === undefined ? 0 : tail + 1);
    const acceptance = { at, account, ...(options.reprocesses && { reprocesses: options.reprocesses }) };
    const { id, type, tenant, requestHash } = command;
    const result = { kind: 'pending', pending: { id, type, command, createdAt: at } } as const;
    const { nonce, cause } = pending;
    const record = { result, requestHash, nonce, accepted: acceptance, cause };
    const items = [
      recordItem(tenant, command.record, record),
      placeItem(tenant, { account, transaction: id, acceptedAt: at }),
    ];
    pending.attempts++;
    await this.#client.send(
      new TransactWriteCommand({
        TransactItems: [
          ...items.map((Item) => ({ Put: { TableName: this.#table, Item, ...ifAbsent } })),
          ...(options.reprocesses ? [this.#linkFailed(options.reprocesses, command)] : []),
        ],
      }),
      { requestTimeout: boundedTimeout(pending.patience) },
    );
    pending.settle({ kind: 'settled', result, accepted: acceptance, replayed: false });
    return tail !== undefined;
  }

  /** The failed transaction learns what was made of it, in the same write; unless it was redacted since its command was read, which would bring back what was removed. */
  #linkFailed(failed: TransactionId, { tenant, id, requestHash }: LineCommand) {
    const record = recordIdOfTransaction(failed);
    const wasRedacted = requestHash === hashInPlace(record);
    return {
      Update: {
        TableName: this.#table,
        Key: recordKey(tenant, record),
        UpdateExpression: 'SET reprocessedBy = :by',
        ConditionExpression: `#status = :failed${wasRedacted ? '' : ' AND attribute_not_exists(redacted)'}`,
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: { ':by': id, ':failed': 'failed' },
      },
    };
  }

  /** Whose line it is, where nothing refuses the command: then it is settled instead. Undefined where to look again. */
  async #lineOf(pending: PendingCommand, command: LineCommand): Promise<AccountId | undefined> {
    const { patience } = pending;
    let loaded = await this.#load(pending, { fresh: false });
    let refusal = this.#refusalOf(pending, loaded);
    // What this instance remembers proves that something exists, and never that it does not.
    if (refusal && !loaded.isFresh) {
      loaded = await this.#load(pending, { fresh: true });
      refusal = this.#refusalOf(pending, loaded);
    }
    const record = loaded.records.get(command.record);
    if (record) pending.settleFromRecord(record);
    else if (refusal && refusal !== 'stale') pending.settle({ ...refusal, kind: 'refused' });
    else if (!refusal) {
      const account = lineOf(command, loaded.state);
      if (account === undefined) throw new InvariantViolation(`${command.id} has no line`);
      return account;
    } else if (patience.isOver) pending.fail();
    return undefined;
  }

  #load({ command, patience }: PendingCommand, options: { readonly fresh: boolean }): Promise<LoadedState> {
    return this.#loader.load(command.tenant, [command], options, patience);
  }

  #refusalOf({ command, salt }: PendingCommand, { state }: LoadedState): Refusal | 'stale' | undefined {
    const decision = decide(command, state, { now: this.#clock.now(), salt });
    if (decision.kind === 'refuse') return decision;
    return decision.kind === 'stale' ? 'stale' : undefined;
  }

  /** When the last in line was accepted, in milliseconds since 1970; one consistent Query. */
  async #tail({ command, patience }: PendingCommand, account: AccountId): Promise<number | undefined> {
    const { Items: [last] = [] } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        KeyConditionExpression: 'PK = :line',
        ExpressionAttributeValues: { ':line': linePartition(command.tenant, account) },
        ScanIndexForward: false,
        Limit: 1,
        ConsistentRead: true,
      }),
      { requestTimeout: boundedTimeout(patience) },
    );
    return last && parsePlace(last).acceptedAt;
  }

  /** Takes what a failed try tells: the outcome, or that it is to be tried again. */
  #tell(pending: PendingCommand, error: unknown): void {
    const fault: Fault = error instanceof LedgerError ? { kind: 'busy', cause: error } : faultOf(error);
    if (error instanceof InvariantViolation || fault.kind === 'fatal') pending.throw(error);
    else if (fault.kind === 'cancelled') this.#afterCancellation(pending, fault.failures);
    else {
      pending.lastFailure = 'unavailable';
      // It may have been a read that was lost; nothing is spoiled by taking it for the write.
      if (fault.kind === 'unknown' && pending.attempts > 0) pending.isInDoubt = true;
    }
  }

  #afterCancellation(pending: PendingCommand, failures: readonly ActionFailure[]): void {
    pending.lastFailure = 'unavailable';
    const [record, , failed] = failures;
    const invalid = failures.find(({ kind }) => kind === 'invalid');
    if (invalid) pending.throw(new InvariantViolation(`DynamoDB refused a place in line: ${invalid.message}`));
    else if (record?.kind !== 'condition') {
      if (failed?.kind === 'condition') this.#giveUpOutdated(pending);
    } else if (record.item) pending.settleFromRecord(parseRecord(record.item));
    else pending.throw(new InvariantViolation('a key record exists, but was not returned'));
  }

  /** What was read of the failed transaction is another thing by now: whoever asks again reads it anew. */
  #giveUpOutdated(pending: PendingCommand): void {
    pending.lastFailure = 'contention';
    pending.fail();
  }
}

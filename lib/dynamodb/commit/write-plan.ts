import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import {
  type Account,
  type AccountId,
  type Balance,
  type BalanceChange,
  type BalanceName,
  type BalancePlace,
  balanceKey,
  balanceName,
  type Command,
  type Commitment,
  type Entry,
  type Hold,
  type HoldChange,
  type HoldId,
  InvariantViolation,
  maxActionsPerWrite,
  type RecordId,
  type ReversalChange,
  type ReversalState,
  recordIdOfTransaction,
  type TenantId,
  type TransactionId,
} from '../../ledger/index.ts';
import { holdItem } from '../items/hold-item.ts';
import { balanceItem, entryItem, hashBytes, type Row } from '../items/items.ts';
import { accountKey, balanceItemKey, ifAbsent, recordKey } from '../items/keys.ts';
import { type KeyRecord, recordItem } from '../items/record-item.ts';
import type { PlaceInLine } from './pending-command.ts';

type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** An action of the write, with the commands that need it, so that a cancellation can be told to those it is about. */
export type PlannedAction = {
  readonly action: Action;
  readonly commands: readonly Command[];
} & (
  | { readonly subject: 'record' | 'member' | 'account' | 'entry' | 'hold' | 'reversal' | 'place' }
  | { readonly subject: 'balance'; readonly place: BalancePlace }
);

interface OpenedAccount {
  readonly account: Account;
  readonly balances: BalanceName[];
  readonly commands: Command[];
}

/** An item that is written whole or in part, from what the first command found to what the last one left. */
interface Folded<Change extends { readonly before?: unknown; readonly after: unknown }> {
  readonly before: Change['before'];
  after: Change['after'];
  readonly commands: Command[];
}

/**
 * Collects decided commands into one `TransactWriteItems`. Each balance and each account is written once, from what
 * the first command found to what the last one left: DynamoDB refuses a write that names an item twice.
 */
export class WritePlan {
  readonly #table: string;
  readonly #tenant: TenantId;
  readonly #balances = new Map<string, Folded<BalanceChange>>();
  readonly #accounts = new Map<AccountId, OpenedAccount>();
  readonly #holds = new Map<HoldId, Folded<HoldChange>>();
  readonly #reversals = new Map<TransactionId, Folded<ReversalChange>>();
  readonly #records: { command: Command; record: KeyRecord; place: PlaceInLine | undefined }[] = [];
  readonly #members: { command: Command; record: RecordId; content: KeyRecord }[] = [];
  readonly #entries: { command: Command; entry: Entry }[] = [];
  #line: { readonly account: AccountId; readonly until: number | null } | undefined;

  constructor(table: string, tenant: TenantId) {
    this.#table = table;
    this.#tenant = tenant;
  }

  get size(): number {
    const folded = this.#balances.size + this.#accounts.size + this.#holds.size + this.#reversals.size;
    const places = this.#records.filter(({ place }) => place).length;
    return this.#records.length + places + this.#members.length + this.#entries.length + folded;
  }

  /** The balances as the write will leave them. */
  get balancesAfter(): Balance[] {
    return [...this.#balances.values()].map(({ after }) => after);
  }

  /** Whether the write has room for one more decision. */
  fits(decision: Commitment, place?: PlaceInLine): boolean {
    let actions = 1 + (place ? 1 : 0) + (decision.members?.length ?? 0) + decision.entries.length;
    for (const { after } of decision.holds ?? []) if (!this.#holds.has(after.id)) actions++;
    for (const { after } of decision.reversals ?? []) if (!this.#reversals.has(after.transaction.id)) actions++;
    const opened = new Set<AccountId>();
    for (const { after, openedOn } of decision.changes) {
      if (!this.#balances.has(balanceKey(after))) actions++;
      if (openedOn && !this.#accounts.has(openedOn.id)) opened.add(openedOn.id);
    }
    return this.size + actions + opened.size <= maxActionsPerWrite;
  }

  /** Adds a command with its decision, which was made on the state that the decisions before it left. */
  add(command: Command, decision: Commitment, record: KeyRecord, place?: PlaceInLine): void {
    this.#records.push({ command, record, place });
    const { nonce, cause } = record;
    for (const { record: place, requestHash, transaction } of decision.members ?? []) {
      const content: KeyRecord = {
        result: { kind: 'transaction', transaction },
        requestHash,
        nonce,
        ...(cause && { cause }),
      };
      this.#members.push({ command, record: place, content });
    }
    for (const entry of decision.entries) this.#entries.push({ command, entry });
    for (const change of decision.changes) {
      foldInto(this.#balances, balanceKey(change.after), command, change);
      if (change.openedOn) this.#openOn(change.openedOn, command, change.after);
    }
    for (const change of decision.holds ?? []) foldInto(this.#holds, change.after.id, command, change);
    for (const change of decision.reversals ?? []) {
      foldInto(this.#reversals, change.after.transaction.id, command, change);
    }
  }

  /**
   * Leaves on the balances of an account, where they are written anyway, until when others should join its line rather
   * than write them themselves (milliseconds since 1970), or takes that away.
   */
  markLine(account: AccountId, until: number | null): void {
    this.#line = { account, until };
  }

  #openOn(account: Account, command: Command, { asset, shard }: Balance): void {
    const name = balanceName(asset, shard);
    const opened = this.#accounts.get(account.id);
    if (opened) {
      opened.balances.push(name);
      opened.commands.push(command);
    } else this.#accounts.set(account.id, { account, balances: [name], commands: [command] });
  }

  actions(): PlannedAction[] {
    return [
      ...this.#records.map(
        ({ command, record, place }): PlannedAction => ({
          subject: 'record',
          commands: [command],
          action: putRecord(this.#table, recordItem(this.#tenant, command.record, record), place),
        }),
      ),
      ...this.#records.flatMap(({ command, place }): PlannedAction[] =>
        place ? [{ subject: 'place', commands: [command], action: leaveLine(this.#table, place) }] : [],
      ),
      ...this.#members.map(
        ({ command, record, content }): PlannedAction => ({
          subject: 'member',
          commands: [command],
          action: this.#put(recordItem(this.#tenant, record, content)),
        }),
      ),
      ...[...this.#balances.values()].map(
        ({ before, after, commands }): PlannedAction => ({
          subject: 'balance',
          place: after,
          commands,
          action: before.version === 0 ? this.#put(balanceItem(this.#tenant, after)) : this.#update(before, after),
        }),
      ),
      ...[...this.#accounts.values()].map(
        ({ account, balances, commands }): PlannedAction => ({
          subject: 'account',
          commands,
          action: this.#addBalances(account, balances),
        }),
      ),
      ...[...this.#holds.values()].map(
        ({ before, after, commands }): PlannedAction => ({
          subject: 'hold',
          commands,
          action: this.#putHold(before, after),
        }),
      ),
      ...[...this.#reversals.values()].map(
        ({ before, after, commands }): PlannedAction => ({
          subject: 'reversal',
          commands,
          action: this.#reverse(before, after),
        }),
      ),
      ...this.#entries.map(
        ({ command, entry }): PlannedAction => ({
          subject: 'entry',
          commands: [command],
          action: this.#put(entryItem(this.#tenant, entry)),
        }),
      ),
    ];
  }

  #put(item: Row): Action {
    return { Put: { TableName: this.#table, Item: item, ...ifAbsent } };
  }

  /**
   * What is copied from the account, such as floor and status, is left alone: whoever changes them changes the version, and this write then fails. The
   * version alone says that a balance is the one decided on, unless that was foreseen from a write that did not happen
   * while another took its version; the hash of the last entry and what is held tell these apart.
   */
  #update(before: Balance, after: Balance): Action {
    if (after.version <= before.version) throw new InvariantViolation('a change raises the version of its balance');
    const { debits, lastTransaction } = after;
    const line = this.#line?.account === after.account ? this.#line : undefined;
    return {
      Update: {
        TableName: this.#table,
        Key: balanceItemKey(this.#tenant, after),
        UpdateExpression: `SET posted = :posted, held = :held, #sequence = :sequence, lastEntryAt = :at, headHash = :head, version = :next${lastTransaction === null ? '' : ', lastTransaction = :by'}${debits ? ', debits = :debits' : ''}${line ? lineMark(line.until) : ''}`,
        ConditionExpression: 'version = :seen AND headHash = :seenHead AND held = :seenHeld',
        ExpressionAttributeNames: { '#sequence': 'sequence' },
        ExpressionAttributeValues: {
          ':posted': after.posted,
          ':held': after.held,
          ':sequence': after.sequence,
          ':at': after.lastEntryAt,
          ...(lastTransaction !== null && { ':by': lastTransaction }),
          ':head': hashBytes(after.headHash),
          ':next': after.version,
          ':seen': before.version,
          ':seenHead': hashBytes(before.headHash),
          ':seenHeld': before.held,
          ...(debits && { ':debits': debits }),
          ...(line?.until && { ':line': line.until }),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }

  /** A hold is written whole, if it is still as it was found. */
  #putHold(before: Hold | undefined, after: Hold): Action {
    const Item = holdItem(this.#tenant, after);
    if (!before) return this.#put(Item);
    return {
      Put: {
        TableName: this.#table,
        Item,
        ConditionExpression: 'version = :seen',
        ExpressionAttributeValues: { ':seen': before.version },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }

  /** The record of a transaction learns what was reversed of it, if that is still what was found. */
  #reverse(before: ReversalState, after: ReversalState): Action {
    const isFirst = before.reversals === 0;
    return {
      Update: {
        TableName: this.#table,
        Key: recordKey(this.#tenant, recordIdOfTransaction(after.transaction.id)),
        UpdateExpression: 'SET reversedAmount = :amount, lastReversal = :last, reversals = :count',
        ConditionExpression: isFirst ? 'attribute_exists(PK) AND attribute_not_exists(reversals)' : 'reversals = :seen',
        ExpressionAttributeValues: {
          ':amount': after.reversedAmount,
          ':last': after.lastReversal,
          ':count': after.reversals,
          ...(!isFirst && { ':seen': before.reversals }),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }

  /** An account learns of its new balances by a change of its own: a mere check would race with a freeze. */
  #addBalances(account: Account, balances: readonly BalanceName[]): Action {
    return {
      Update: {
        TableName: this.#table,
        Key: accountKey(this.#tenant, account.id),
        UpdateExpression: 'ADD balances :opened, version :one',
        ConditionExpression: 'version = :seen',
        ExpressionAttributeValues: { ':opened': new Set(balances), ':one': 1, ':seen': account.version },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }
}

/** Puts a key's record: where there was none, or where the one that waits in the line was. */
export function putRecord(table: string, record: Row, place: PlaceInLine | undefined): Action {
  if (!place) return { Put: { TableName: table, Item: record, ...ifAbsent } };
  return {
    Put: {
      TableName: table,
      Item: record,
      ConditionExpression: '#status = :pending',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':pending': 'pending' },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  };
}

/** Takes a command out of its line, in the same write as its outcome. */
export function leaveLine(table: string, { key }: PlaceInLine): Action {
  return { Delete: { TableName: table, Key: key } };
}

function lineMark(until: number | null): string {
  return until === null ? ' REMOVE lineUntil' : ', lineUntil = :line';
}

function foldInto<Id, Change extends { readonly before?: unknown; readonly after: unknown }>(
  items: Map<Id, Folded<Change>>,
  id: Id,
  command: Command,
  { before, after }: Change,
): void {
  const folded = items.get(id);
  if (folded) {
    folded.after = after;
    folded.commands.push(command);
  } else items.set(id, { before, after, commands: [command] });
}

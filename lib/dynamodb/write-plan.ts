import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import {
  type Account,
  type AccountId,
  type AssetCode,
  type Balance,
  type BalanceChange,
  balanceKey,
  type Decision,
  type Entry,
  InvariantViolation,
  maxActionsPerWrite,
  type PostTransaction,
  type TenantId,
} from '../ledger/index.ts';
import { balanceItem, entryItem, hashBytes, type KeyRecord, type Row, recordItem } from './items.ts';
import { accountKey, balanceItemKey, ifAbsent } from './keys.ts';

type PostDecision = Extract<Decision, { kind: 'post' }>;
type Action = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** An action of the write, with the commands that need it, so that a cancellation can be told to those it is about. */
export type PlannedAction = {
  readonly action: Action;
  readonly commands: readonly PostTransaction[];
} & (
  | { readonly subject: 'record' | 'account' | 'entry' }
  | { readonly subject: 'balance'; readonly account: AccountId; readonly asset: AssetCode }
);

interface FoldedBalance {
  readonly before: Balance;
  after: Balance;
  readonly commands: PostTransaction[];
}

interface OpenedAccount {
  readonly account: Account;
  readonly balances: string[];
  readonly commands: PostTransaction[];
}

/**
 * Collects decided commands into one `TransactWriteItems`. Each balance and each account is written once, from what
 * the first command found to what the last one left: DynamoDB refuses a write that names an item twice.
 */
export class WritePlan {
  readonly #table: string;
  readonly #tenant: TenantId;
  readonly #balances = new Map<string, FoldedBalance>();
  readonly #accounts = new Map<AccountId, OpenedAccount>();
  readonly #records: { command: PostTransaction; record: KeyRecord }[] = [];
  readonly #entries: { command: PostTransaction; entry: Entry }[] = [];

  constructor(table: string, tenant: TenantId) {
    this.#table = table;
    this.#tenant = tenant;
  }

  get size(): number {
    return this.#records.length + this.#entries.length + this.#balances.size + this.#accounts.size;
  }

  /** The balances as the write will leave them. */
  get balancesAfter(): Balance[] {
    return [...this.#balances.values()].map(({ after }) => after);
  }

  /** Whether the write has room for one more decision. */
  fits(decision: PostDecision): boolean {
    let actions = 1 + decision.entries.length;
    const opened = new Set<AccountId>();
    for (const { after, openedOn } of decision.changes) {
      if (!this.#balances.has(balanceKey(after.account, after.asset))) actions++;
      if (openedOn && !this.#accounts.has(openedOn.id)) opened.add(openedOn.id);
    }
    return this.size + actions + opened.size <= maxActionsPerWrite;
  }

  /** Adds a command with its decision, which was made on the state that the decisions before it left. */
  add(command: PostTransaction, decision: PostDecision, record: KeyRecord): void {
    this.#records.push({ command, record });
    for (const entry of decision.entries) this.#entries.push({ command, entry });
    for (const change of decision.changes) this.#fold(command, change);
  }

  #fold(command: PostTransaction, { before, after, openedOn }: BalanceChange): void {
    const key = balanceKey(after.account, after.asset);
    const folded = this.#balances.get(key);
    if (folded) {
      folded.after = after;
      folded.commands.push(command);
    } else this.#balances.set(key, { before, after, commands: [command] });
    if (!openedOn) return;
    const opened = this.#accounts.get(openedOn.id);
    if (opened) {
      opened.balances.push(after.asset);
      opened.commands.push(command);
    } else this.#accounts.set(openedOn.id, { account: openedOn, balances: [after.asset], commands: [command] });
  }

  actions(): PlannedAction[] {
    return [
      ...this.#records.map(
        ({ command, record }): PlannedAction => ({
          subject: 'record',
          commands: [command],
          action: this.#put(recordItem(command, record)),
        }),
      ),
      ...[...this.#balances.values()].map(
        ({ before, after, commands }): PlannedAction => ({
          subject: 'balance',
          account: after.account,
          asset: after.asset,
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
   * Held, floor and status are left alone: whoever changes them changes the version, and this write then fails. The
   * version alone says that a balance is the one decided on, unless that was foreseen from a write that did not happen
   * while another took its version; the hash of the last entry tells these apart.
   */
  #update(before: Balance, after: Balance): Action {
    if (after.version <= before.version) throw new InvariantViolation('a change raises the version of its balance');
    return {
      Update: {
        TableName: this.#table,
        Key: balanceItemKey(this.#tenant, after.account, after.asset),
        UpdateExpression:
          'SET posted = :posted, #sequence = :sequence, lastEntryAt = :at, lastTransaction = :by, headHash = :head, version = :next',
        ConditionExpression: 'version = :seen AND headHash = :seenHead',
        ExpressionAttributeNames: { '#sequence': 'sequence' },
        ExpressionAttributeValues: {
          ':posted': after.posted,
          ':sequence': after.sequence,
          ':at': after.lastEntryAt,
          ':by': after.lastTransaction,
          ':head': hashBytes(after.headHash),
          ':next': after.version,
          ':seen': before.version,
          ':seenHead': hashBytes(before.headHash),
        },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }

  /** An account learns of its new balances by a change of its own: a mere check would race with a freeze. */
  #addBalances(account: Account, balances: readonly string[]): Action {
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

import { randomBytes } from 'node:crypto';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ActContext, ActRecorder, WriteAction } from '../../audit/act.ts';
import { type Recording, recordingOf, writeRecorded } from '../../audit/recorded-write.ts';
import {
  type Account,
  type AccountId,
  type AccountPatch,
  type AssetCode,
  accountChange,
  type BalanceAdjustment,
  changeAccount,
  checkFloors,
  checkLimits,
  checkMetadata,
  checkShards,
  type DebitLimits,
  type FreezeKind,
  freezesOf,
  isOpenedByManagers,
  LedgerError,
  type Metadata,
  type TenantId,
} from '../../ledger/index.ts';
import { attributeChanges } from '../items/attribute-changes.ts';
import type { Cause } from '../items/cause.ts';
import { putChange } from '../items/change-record-item.ts';
import { type AppliedKey, accountItem, parseAccount, parseAsset, type StoredAccount } from '../items/items.ts';
import { accountKey, assetKey, balanceItemKey, ifAbsent } from '../items/keys.ts';
import { rememberKey, wasKeyApplied } from '../items/keys-applied.ts';
import { listAccounts, readAccount } from '../readers/account-reader.ts';
import type { BalanceReader } from '../readers/balance-reader.ts';
import { type Clock, Patience } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { asUnknown, checkRefusal, type WriteResult } from '../table/single-write.ts';
import type { Table } from '../table/table.ts';
import { accountFacts, accountFactsChanged } from './account-facts.ts';

/** Attempts of a change against others of the same account, and the time they have in milliseconds. */
const maxAttempts = 10;
const updateTimeoutMs = 6_000;

/** Bytes of a salt: beyond guessing. */
const saltLength = 16;

export interface CreateAccount {
  readonly tenant: TenantId;
  readonly id: AccountId;
  readonly unbounded: boolean;
  /** 1 where nothing is said. */
  readonly shards?: number | undefined;
  readonly floors: ReadonlyMap<AssetCode, bigint>;
  readonly limits?: ReadonlyMap<AssetCode, DebitLimits> | undefined;
  readonly freezes?: FreezeKind | undefined;
  readonly owner?: string | undefined;
  readonly metadata: Metadata;
  readonly keyApplied: AppliedKey;
  /** The request that asks for it. */
  readonly cause?: Cause;
  /** Who asks for it; a store that records acts must be told. */
  readonly by?: ActContext;
}

export interface UpdateAccount {
  readonly tenant: TenantId;
  readonly id: AccountId;
  readonly patch: AccountPatch;
  readonly keyApplied: AppliedKey;
  /** The request that asks for it. */
  readonly cause?: Cause;
  /** Who asks for it; a store that records acts must be told. */
  readonly by?: ActContext;
}

/** The version of the account that a write was made for whose answer was lost, while it may still have its effect. */
interface Doubt {
  version?: number;
}

export interface AccountPage {
  readonly accounts: readonly Account[];
  /** The id to continue behind; absent at the end. */
  readonly next?: AccountId;
}

/**
 * The accounts of a tenant. A change carries its idempotency key into the item it changes, in the same write: made
 * again under that key, it answers with the account and changes nothing. In that write is also the change record, by which
 * the tenant's journal learns of it.
 */
export class AccountStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #balances: BalanceReader;
  readonly #clock: Clock;
  readonly #recorder: ActRecorder | undefined;

  constructor({ name, client, reader, clock }: Table, balances: BalanceReader, recorder: ActRecorder | undefined) {
    this.#client = client;
    this.#table = name;
    this.#reader = reader;
    this.#balances = balances;
    this.#clock = clock;
    this.#recorder = recorder;
  }

  /** One consistent read. @throws LedgerError `not_found`, `unavailable` */
  async get(tenant: TenantId, id: AccountId): Promise<Account> {
    return withoutKeys(await readAccount(this.#reader, tenant, id));
  }

  /** A page in order of id; eventually consistent, so that an account just created may still be missing. @throws LedgerError `unavailable` */
  async list(tenant: TenantId, limit: number, after?: AccountId): Promise<AccountPage> {
    const { accounts, next } = await listAccounts(this.#reader, tenant, limit, after);
    return { accounts: accounts.map(withoutKeys), ...(next !== undefined && { next }) };
  }

  /**
   * Creates an account, once under its idempotency key. One that can spend what it does not have is in the audit log by that same write.
   *
   * @throws LedgerError `already_exists`, `asset_not_found`, `invalid_request`, `idempotency_key_reused`, `contention`, `unavailable`,
   * `outcome_unknown`
   */
  async create(command: CreateAccount): Promise<Account> {
    const { tenant, id, unbounded, shards = 1, floors, limits = new Map(), owner, metadata, keyApplied } = command;
    const freezes = freezesOf(command.freezes);
    checkFloors(unbounded, floors);
    checkLimits(shards, limits);
    checkShards({ unbounded, shards: 1, balances: new Set() }, shards);
    checkMetadata(metadata);
    await this.#requireAssets(tenant, [...floors.keys(), ...limits.keys()]);
    const account: StoredAccount = {
      id,
      status: 'active',
      ...(freezes && { freezes }),
      unbounded,
      floors,
      ...(limits.size > 0 && { limits }),
      balances: new Set(),
      shards,
      ...(owner !== undefined && { owner }),
      metadata,
      createdAt: this.#clock.now(),
      version: 1,
      keysApplied: [keyApplied],
      changes: 1,
    };
    const actions = [
      { Put: { TableName: this.#table, Item: accountItem(tenant, account), ...ifAbsent } },
      this.#record(tenant, account, account.createdAt, command.cause),
    ];
    const act = { tenant, action: 'account.opened', target: id, after: accountFacts(account) } as const;
    const recording = isOpenedByManagers(account) ? recordingOf(this.#recorder, command.by, act) : undefined;
    return this.#put(account, actions, keyApplied, recording);
  }

  /** Puts a new account with its change record, or finds the one that the key has made before. */
  async #put(
    account: StoredAccount,
    actions: readonly WriteAction[],
    keyApplied: AppliedKey,
    recording: Recording | undefined,
  ): Promise<Account> {
    const { id } = account;
    const patience = new Patience(this.#clock, updateTimeoutMs);
    let mayBeDone = false;
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const { refusal, isInDoubt } = await writeRecorded(
        { client: this.#client, clock: this.#clock },
        actions,
        recording,
      );
      if (!refusal) return withoutKeys(account);
      checkRefusal(refusal, 'a change of an account');
      const row = refusal.kind === 'cancelled' ? refusal.failures[0]?.item : undefined;
      if (row) {
        const existing = parseAccount(row);
        if (wasKeyApplied(existing.keysApplied, keyApplied)) return withoutKeys(existing);
        throw new LedgerError('already_exists', `account ${id} exists already`, { account: id });
      }
      mayBeDone ||= isInDoubt;
      await patience.pause(attempt);
    }
    throw mayBeDone
      ? new LedgerError('outcome_unknown', 'the answer to a write was lost')
      : new LedgerError('unavailable', 'DynamoDB did not take a write');
  }

  /**
   * Changes an account and every balance the change concerns, in one write, once under its idempotency key. What changes beyond its
   * metadata is in the audit log by that same write.
   *
   * @throws LedgerError `not_found`, `asset_not_found`, `account_closed`, `balance_conflict`, `invalid_request`,
   * `idempotency_key_reused`, `contention`, `unavailable`, `outcome_unknown`
   */
  async update(command: UpdateAccount): Promise<Account> {
    const doubt: Doubt = {};
    try {
      return await this.#update(command, doubt);
    } catch (error) {
      throw doubt.version === undefined ? error : asUnknown(error, 'the answer to a change was lost');
    }
  }

  async #update(command: UpdateAccount, doubt: Doubt): Promise<Account> {
    const { tenant, id, patch, keyApplied } = command;
    await this.#requireAssets(tenant, [...(patch.floors?.keys() ?? []), ...(patch.limits?.keys() ?? [])]);
    const patience = new Patience(this.#clock, updateTimeoutMs);
    for (let attempt = 1; attempt <= maxAttempts && !patience.isOver; attempt++) {
      const { account: stored, balances } = await this.#balances.shards(tenant, id);
      if (wasKeyApplied(stored.keysApplied, keyApplied)) return withoutKeys(stored);
      // A write that was made for an earlier version can have no effect any more.
      if (stored.version !== doubt.version) delete doubt.version;
      const { account, adjustments } = changeAccount(stored, balances, patch);
      const keysApplied = rememberKey(stored.keysApplied, keyApplied);
      const changed = { ...account, keysApplied, changes: stored.changes + 1 };
      const { refusal, isInDoubt } = await this.#write(command, stored, changed, adjustments);
      if (!refusal) return withoutKeys(changed);
      checkRefusal(refusal, 'a change of an account');
      if (isInDoubt) doubt.version = stored.version;
      await patience.pause(attempt);
    }
    throw new LedgerError('contention', `account ${id} is being changed by others`, { account: id });
  }

  #write(
    { tenant, id: target, cause, by }: UpdateAccount,
    before: StoredAccount,
    after: StoredAccount,
    adjustments: readonly BalanceAdjustment[],
  ): Promise<WriteResult> {
    const actions = [
      this.#accountAction(tenant, before, after),
      ...adjustments.map((adjustment) => this.#balanceAction(tenant, adjustment)),
      this.#record(tenant, after, this.#clock.now(), cause),
    ];
    const changed = accountFactsChanged(before, after);
    const act = { tenant, action: 'account.updated', target, ...changed } as const;
    const recording = changed && recordingOf(this.#recorder, by, act);
    return writeRecorded({ client: this.#client, clock: this.#clock }, actions, recording);
  }

  #record(tenant: TenantId, account: StoredAccount, createdAt: number, cause: Cause | undefined) {
    const salt = randomBytes(saltLength).toString('base64url');
    const change = accountChange(tenant, account, { number: account.changes, createdAt, salt });
    return putChange(this.#table, tenant, change, cause);
  }

  #accountAction(tenant: TenantId, before: StoredAccount, after: StoredAccount) {
    const item = accountItem(tenant, after);
    const { status, freezes, floors, limits, shards, owner, metadata, version, keysApplied, changes: made } = item;
    const changes = { status, freezes, floors, limits, shards, owner, metadata, version, keysApplied, changes: made };
    const { expression, names, values } = attributeChanges(changes);
    return {
      Update: {
        TableName: this.#table,
        Key: accountKey(tenant, after.id),
        UpdateExpression: expression,
        ConditionExpression: '#version = :seen',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: { ...values, ':seen': before.version },
      },
    };
  }

  /**
   * Adds to the version rather than setting it, so that it holds for whatever version the balance has got to. What was
   * used of limits stays, unless the limits go.
   */
  #balanceAction(tenant: TenantId, { balance, ...adjustment }: BalanceAdjustment) {
    const { status, floor, freezes, limits, shards, ifUnchanged } = adjustment;
    const { expression, names, values } = attributeChanges({
      status,
      freezes,
      limits,
      ...(floor !== null && { floor }),
      ...(shards > 1 && { shards }),
      ...(!limits && { debits: undefined }),
    });
    return {
      Update: {
        TableName: this.#table,
        Key: balanceItemKey(tenant, balance),
        UpdateExpression: `${expression} ADD #version :one`,
        ConditionExpression: ifUnchanged ? '#version = :seenVersion' : 'attribute_exists(PK)',
        ExpressionAttributeNames: { ...names, '#version': 'version' },
        ExpressionAttributeValues: { ...values, ':one': 1, ...(ifUnchanged && { ':seenVersion': balance.version }) },
      },
    };
  }

  async #requireAssets(tenant: TenantId, assets: Iterable<AssetCode>): Promise<void> {
    const wanted = [...assets];
    if (wanted.length === 0) return;
    const rows = await this.#reader.getAll(wanted.map((asset) => assetKey(tenant, asset)));
    const known = new Set(rows.map((row) => parseAsset(row).code));
    const missing = wanted.find((asset) => !known.has(asset));
    if (missing) throw new LedgerError('asset_not_found', `asset ${missing} does not exist`, { asset: missing });
  }
}

function withoutKeys({ keysApplied: _, changes: __, ...account }: StoredAccount): Account {
  return account;
}

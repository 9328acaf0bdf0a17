import { randomBytes } from 'node:crypto';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import {
  type Command,
  type Decision,
  decide,
  InvariantViolation,
  type KeyResult,
  LedgerError,
  maxCommitMs,
  type PostBatch,
  type Stale,
  type Transaction,
  type TransactionCommand,
} from '../ledger/index.ts';
import { AccountSpread } from './account-spread.ts';
import { AccountStore } from './account-store.ts';
import { AssetStore } from './asset-store.ts';
import { BalanceCache } from './balance-cache.ts';
import { BalanceReader } from './balance-reader.ts';
import { type BatchPreview, type BatchResult, batchResult, membersOf } from './batch-outcome.ts';
import type { Cause } from './cause.ts';
import { createLedgerClient } from './client.ts';
import { ClockSkew } from './clock-skew.ts';
import { CoalescingQueue } from './coalescing-queue.ts';
import type { CommitResult, Refused, TransactionResult } from './commit-outcome.ts';
import { Committer } from './committer.ts';
import { rejectedTransaction } from './decline.ts';
import { EntryReader } from './entry-reader.ts';
import { ExpiredHolds } from './expired-holds.ts';
import { faultOf } from './faults.ts';
import { FeeCache } from './fee-cache.ts';
import { FeeStore } from './fee-store.ts';
import { HoldReader } from './hold-reader.ts';
import { HoldSweep, type SweepRun } from './hold-sweep.ts';
import { type Clock, Patience, systemClock } from './patience.ts';
import { PendingCommand } from './pending-command.ts';
import { Reader } from './reader.ts';
import { StateLoader } from './state-loader.ts';
import { TransactionReader } from './transaction-reader.ts';

/** Bytes of a nonce and of a salt: beyond guessing and meeting by chance. */
const randomLength = 16;

export interface LedgerOptions {
  /** The Ledger table's name. */
  readonly table: string;
  readonly clock?: Clock;
  /** Another endpoint than the SDK's own variables name. */
  readonly endpoint?: string;
}

/** The ledger on one table: the way in for every use case. */
export class Ledger {
  readonly accounts: AccountStore;
  readonly assets: AssetStore;
  readonly balances: BalanceReader;
  readonly entries: EntryReader;
  readonly fees: FeeStore;
  readonly holds: HoldReader;
  readonly transactions: TransactionReader;
  readonly client: DynamoDBDocumentClient;
  readonly #queue: CoalescingQueue;
  readonly #committer: Committer;
  readonly #loader: StateLoader;
  readonly #expired: ExpiredHolds;
  readonly #clock: Clock;

  constructor({ table, clock = systemClock, endpoint }: LedgerOptions) {
    const skew = new ClockSkew();
    const client = createLedgerClient(skew, endpoint);
    const reader = new Reader(client, table, clock);
    this.client = client;
    const spread = new AccountSpread(reader);
    this.balances = new BalanceReader(reader, spread);
    this.accounts = new AccountStore(client, table, reader, this.balances, clock);
    this.assets = new AssetStore(client, table, reader, clock);
    this.fees = new FeeStore(client, table, reader, clock);
    this.entries = new EntryReader(reader, spread);
    this.holds = new HoldReader(reader);
    this.transactions = new TransactionReader(reader);
    this.#clock = clock;
    const cache = new BalanceCache();
    this.#loader = new StateLoader(client, table, cache, new FeeCache(clock));
    this.#expired = new ExpiredHolds(client, table);
    this.#committer = new Committer({
      client,
      table,
      clock,
      skew,
      cache,
      loader: this.#loader,
      expired: this.#expired,
    });
    this.#queue = new CoalescingQueue((...list) => this.#committer.commit(...list), clock);
  }

  /**
   * Does what a command says exactly once under its key, or says why not; within the time given in milliseconds, and
   * never longer than `maxCommitMs`. The cause is kept with what becomes of it; a replay leaves the first one's.
   *
   * @throws InvariantViolation for damaged data or a bug; whatever is not known of the outcome, the same key finds out
   */
  async execute(command: Command, timeMs: number, cause: Cause = {}): Promise<CommitResult> {
    const pending = this.#pending(command, timeMs, cause);
    this.#queue.add(pending);
    return resultOf(pending);
  }

  /** Executes a command that makes a transaction. */
  async post(command: TransactionCommand, timeMs: number, cause: Cause = {}): Promise<TransactionResult> {
    return transactionResult(await this.execute(command, timeMs, cause));
  }

  /** Executes a batch. Its transactions are answered as they were posted, whoever posted them. */
  async postBatch(command: PostBatch, timeMs: number, cause: Cause = {}): Promise<BatchResult> {
    const result = await this.execute(command, timeMs, cause);
    try {
      return await batchResult(result, (ids) => this.transactions.getPosted(command.tenant, ids));
    } catch (error) {
      // The batch is settled; only what it made could not be read. That nothing was decided, would be wrong.
      if (!(error instanceof LedgerError)) throw error;
      return { kind: 'failed', code: 'outcome_unknown', attempts: result.attempts };
    }
  }

  /** Releases holds whose time is over, within the time given in milliseconds; the cause is kept with each release. */
  async releaseExpiredHolds(timeMs: number, cause: Cause = {}): Promise<SweepRun> {
    const execute = (command: Command, leftMs: number) => this.execute(command, leftMs, cause);
    return new HoldSweep(this.#expired, execute, this.#clock).run(timeMs);
  }

  /** Commits a list as one, as many as fit in a write at a time, in order; an outcome for each. */
  async postAll(commands: readonly TransactionCommand[], timeMs: number): Promise<TransactionResult[]> {
    const pendings = commands.map((command) => this.#pending(command, timeMs, {}));
    const byTenant = Map.groupBy(pendings, ({ command }) => command.tenant);
    for (const [tenant, list] of byTenant) await this.#committer.commit(tenant, list);
    return Promise.all(pendings.map(async (pending) => transactionResult(await resultOf(pending))));
  }

  /** Decides a command on the state as it is and writes nothing: what `post` would do if it came now. */
  async preview(command: TransactionCommand, timeMs: number): Promise<PreviewOutcome> {
    const { decision, now } = await this.#decideNow(command, timeMs);
    if (decision.kind === 'refuse') return { ...decision, kind: 'refused' };
    const isPosted = decision.kind === 'commit';
    const transaction = isPosted ? transactionOf(decision.result) : rejectedTransaction(command, decision, now);
    return { kind: 'decided', transaction };
  }

  /** Decides a batch on the state as it is and writes nothing. */
  async previewBatch(command: PostBatch, timeMs: number): Promise<BatchPreview> {
    const { decision, now } = await this.#decideNow(command, timeMs);
    if (decision.kind === 'refuse') return { ...decision, kind: 'refused' };
    if (decision.kind === 'commit') return { kind: 'posted', transactions: membersOf(decision) };
    return { kind: 'rejected', transaction: rejectedTransaction(command, decision, now) };
  }

  async #decideNow(command: Command, timeMs: number): Promise<{ decision: Exclude<Decision, Stale>; now: number }> {
    const patience = new Patience(this.#clock, timeMs);
    for (let attempt = 1; ; attempt++) {
      const { state } = await this.#loadFresh(command, patience);
      const now = this.#clock.now();
      const decision = decide(command, state, { now, salt: randomText() });
      if (decision.kind !== 'stale') return { decision, now };
      if (patience.isOver) throw new LedgerError('contention', 'what the command is about is being changed by others');
      await patience.pause(attempt);
    }
  }

  async #loadFresh(command: Command, patience: Patience) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#loader.load(command.tenant, [command], { fresh: true }, patience);
      } catch (error) {
        if (error instanceof LedgerError || faultOf(error).kind === 'fatal') throw error;
        if (patience.isOver) throw new LedgerError('unavailable', 'DynamoDB did not answer', {}, { cause: error });
      }
      await patience.pause(attempt);
    }
  }

  #pending(command: Command, timeMs: number, cause: Cause): PendingCommand {
    const patience = new Patience(this.#clock, Math.min(timeMs, maxCommitMs));
    return new PendingCommand(command, patience, randomText(), randomText(), cause);
  }
}

/** What a command would come to. */
export type PreviewOutcome = { readonly kind: 'decided'; readonly transaction: Transaction } | Refused;

async function resultOf(pending: PendingCommand): Promise<CommitResult> {
  const outcome = await pending.outcome;
  return { ...outcome, attempts: pending.attempts };
}

/** A key's record is of the operation that asks for it, so it holds what that operation makes. */
function transactionResult(result: CommitResult): TransactionResult {
  if (result.kind !== 'settled') return result;
  return {
    kind: 'settled',
    transaction: transactionOf(result.result),
    replayed: result.replayed,
    attempts: result.attempts,
  };
}

function transactionOf(result: KeyResult): Transaction {
  if (result.kind !== 'transaction') throw new InvariantViolation(`the key made a ${result.kind} and no transaction`);
  return result.transaction;
}

function randomText(): string {
  return randomBytes(randomLength).toString('base64url');
}

import { randomBytes } from 'node:crypto';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ActRecorder } from '../audit/act.ts';
import {
  type AccountId,
  type Command,
  type Decision,
  decide,
  InvariantViolation,
  isLineCommand,
  type KeyResult,
  LedgerError,
  type LineCommand,
  maxCommitMs,
  type PostBatch,
  reprocessRecordIdOf,
  type Stale,
  type TenantId,
  type Transaction,
  type TransactionCommand,
  type TransactionId,
  transactionIdOf,
} from '../ledger/index.ts';
import { BalanceCache } from './commit/balance-cache.ts';
import { type BatchPreview, type BatchResult, batchResult, membersOf } from './commit/batch-outcome.ts';
import { CoalescingQueue } from './commit/coalescing-queue.ts';
import type { CommitResult, Refused, TransactionResult } from './commit/commit-outcome.ts';
import { Committer } from './commit/committer.ts';
import { rejectedTransaction } from './commit/decline.ts';
import { ExpiredHolds } from './commit/expired-holds.ts';
import { FeeCache } from './commit/fee-cache.ts';
import { HoldSweep, type SweepRun } from './commit/hold-sweep.ts';
import { PendingCommand } from './commit/pending-command.ts';
import { StateLoader } from './commit/state-loader.ts';
import type { Cause } from './items/cause.ts';
import { Acceptor } from './lines/acceptor.ts';
import { type DeadLetterPlace, FailedHeads } from './lines/failed-heads.ts';
import { type DrainRun, LineDrain } from './lines/line-drain.ts';
import { LineReader } from './lines/line-reader.ts';
import { LineSweep, type LineSweepRun } from './lines/line-sweep.ts';
import { type AcceptResult, Lines, type WakeLine } from './lines/lines.ts';
import { AccountOwners } from './readers/account-owners.ts';
import { AccountSpread } from './readers/account-spread.ts';
import { BalanceReader } from './readers/balance-reader.ts';
import { EntryReader } from './readers/entry-reader.ts';
import { HoldReader } from './readers/hold-reader.ts';
import { TransactionReader } from './readers/transaction-reader.ts';
import { AccountStore } from './stores/account-store.ts';
import { AssetStore } from './stores/asset-store.ts';
import { FeeStore } from './stores/fee-store.ts';
import { RedactionStore } from './stores/redaction-store.ts';
import { createLedgerClient } from './table/client.ts';
import { ClockSkew } from './table/clock-skew.ts';
import { faultOf } from './table/faults.ts';
import { type Clock, Patience, systemClock } from './table/patience.ts';
import { Reader } from './table/reader.ts';

/** Bytes of a nonce and of a salt: beyond guessing and meeting by chance. */
const randomLength = 16;

export interface LedgerOptions {
  /** The Ledger table's name. */
  readonly table: string;
  readonly clock?: Clock;
  /** Another endpoint than the SDK's own variables name. */
  readonly endpoint?: string;
  /** Wakes whoever serves the lines; without it nothing is accepted to be executed later, and nobody is sent to a line. */
  readonly wakeLine?: WakeLine;
  /** Records what is done to accounts, assets and fee schedules; without it nothing is recorded, as by tools that set up a ledger. */
  readonly audit?: ActRecorder;
}

/** The ledger on one table: the way in for every use case. */
export class Ledger {
  readonly accounts: AccountStore;
  readonly assets: AssetStore;
  readonly balances: BalanceReader;
  readonly entries: EntryReader;
  readonly fees: FeeStore;
  readonly holds: HoldReader;
  readonly lines: LineReader;
  readonly owners: AccountOwners;
  readonly transactions: TransactionReader;
  readonly client: DynamoDBDocumentClient;
  readonly #queue: CoalescingQueue;
  readonly #committer: Committer;
  readonly #loader: StateLoader;
  readonly #expired: ExpiredHolds;
  readonly #clock: Clock;
  readonly #table: string;
  readonly #reader: Reader;
  readonly #entrance: Lines | undefined;

  constructor({ table, clock = systemClock, endpoint, wakeLine, audit }: LedgerOptions) {
    const skew = new ClockSkew();
    const client = createLedgerClient(skew, endpoint);
    const reader = new Reader(client, table, clock);
    this.client = client;
    const spread = new AccountSpread(reader);
    this.balances = new BalanceReader(reader, spread);
    const ledgerTable = { name: table, client, reader, clock };
    this.accounts = new AccountStore(ledgerTable, this.balances, audit);
    this.assets = new AssetStore(ledgerTable, audit);
    this.fees = new FeeStore(ledgerTable, audit);
    this.entries = new EntryReader(reader, spread);
    this.holds = new HoldReader(reader);
    this.lines = new LineReader(reader);
    this.owners = new AccountOwners(reader);
    this.transactions = new TransactionReader(reader);
    this.#clock = clock;
    this.#table = table;
    this.#reader = reader;
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
    const acceptor = new Acceptor({ client, table, clock, skew, loader: this.#loader });
    this.#entrance = wakeLine && new Lines({ acceptor, reader, clock, wake: wakeLine });
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
    const outcome = await pending.outcome;
    const { attempts } = pending;
    if (outcome.kind === 'contended') return this.#join(pending, outcome.account);
    const entrance = this.#entrance;
    if (!entrance || outcome.kind !== 'settled' || outcome.result.kind !== 'pending') return { ...outcome, attempts };
    return { ...(await entrance.follow(pending, outcome)), attempts };
  }

  /** Takes a command that others keep overtaking to their line. It has had its attempts; what is left of its time, it has. */
  async #join(
    { command, patience, nonce, salt, cause, attempts }: PendingCommand,
    account: AccountId,
  ): Promise<CommitResult> {
    if (!this.#entrance) throw new InvariantViolation('nobody serves lines here');
    const joining = new PendingCommand({ command, patience, nonce, salt, cause });
    const outcome = await this.#entrance.join(joining, account);
    if (outcome.kind === 'contended')
      throw new InvariantViolation('a command that joins a line is not sent to another');
    return { ...outcome, attempts: attempts + joining.attempts };
  }

  /**
   * Accepts a command to be executed later, in its turn in the line of its first source: once under its key, like any
   * other. What is executed or settled already counts as accepted.
   */
  async accept(command: LineCommand, timeMs: number, cause: Cause = {}): Promise<AcceptResult> {
    if (!this.#entrance) throw new InvariantViolation('nobody serves lines here');
    return this.#entrance.accept(this.#pending(command, timeMs, cause));
  }

  /** Serves an account's line for as long as the times given in milliseconds. @throws as `LineDrain.run` */
  async serveLine(
    tenant: TenantId,
    account: AccountId,
    timeMs: number,
    deadLetters: DeadLetterPlace,
    longestMs: number = timeMs,
  ): Promise<DrainRun> {
    const { client } = this;
    const failures = new FailedHeads({ client, table: this.#table, clock: this.#clock, deadLetters });
    const drain = new LineDrain({
      committer: this.#committer,
      lines: this.lines,
      reader: this.#reader,
      failures,
      clock: this.#clock,
      randomText,
    });
    return drain.run(tenant, account, timeMs, longestMs);
  }

  /** The lines in which something waits for longer than this, in milliseconds. @throws LedgerError `unavailable` */
  async overdueLines(olderThanMs: number): Promise<LineSweepRun> {
    return new LineSweep(this.#reader, this.#clock).run(olderThanMs);
  }

  /**
   * Accepts a failed transaction once more, as a new one that is linked with it both ways: once, however often it is
   * asked for.
   */
  async reprocess(tenant: TenantId, id: TransactionId, timeMs: number, cause: Cause = {}): Promise<ReprocessResult> {
    if (!this.#entrance) throw new InvariantViolation('nobody serves lines here');
    const command = await this.transactions.failedCommand(tenant, id);
    if (typeof command === 'string') return { kind: command };
    const again = reprocessing(command);
    const result = await this.#entrance.accept(this.#pending(again, timeMs, cause), { reprocesses: id });
    if (result.kind === 'accepted') return { kind: result.replayed ? 'already' : 'accepted', transactionId: again.id };
    if (result.kind === 'key_reused') throw new InvariantViolation(`another command reprocesses ${id}`);
    return result;
  }

  /** What removes personal data, with the log that each removal is recorded in. */
  redactions(acts: ActRecorder): RedactionStore {
    return new RedactionStore({
      client: this.client,
      table: this.#table,
      reader: this.#reader,
      clock: this.#clock,
      acts,
    });
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
    const pendings = commands.map((command) => this.#pending(command, timeMs, {}, false));
    const byTenant = Map.groupBy(pendings, ({ command }) => command.tenant);
    for (const [tenant, list] of byTenant) await this.#committer.commit(tenant, list);
    return Promise.all(
      pendings.map(async (pending) => {
        const outcome = await pending.outcome;
        if (outcome.kind === 'contended') throw new InvariantViolation('a list joins no line');
        return transactionResult({ ...outcome, attempts: pending.attempts });
      }),
    );
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

  #pending(command: Command, timeMs: number, cause: Cause, mayJoinLine = this.#entrance !== undefined): PendingCommand {
    const patience = new Patience(this.#clock, Math.min(timeMs, maxCommitMs));
    return new PendingCommand({
      command,
      patience,
      nonce: randomText(),
      salt: randomText(),
      cause,
      mayJoinLine: mayJoinLine && isLineCommand(command),
    });
  }
}

/** What a command would come to. */
export type PreviewOutcome = { readonly kind: 'decided'; readonly transaction: Transaction } | Refused;

/** What became of the reprocessing of a failed transaction. */
export type ReprocessResult =
  | { readonly kind: 'accepted' | 'already'; readonly transactionId: TransactionId }
  | { readonly kind: 'not_failed' | 'unreadable' }
  | Extract<AcceptResult, { readonly kind: 'refused' | 'failed' }>;

/** The same command under a key of its own, that follows from the one before. */
function reprocessing(command: LineCommand): LineCommand {
  const record = reprocessRecordIdOf(command.tenant, command.id);
  return { ...command, record, id: transactionIdOf(record) };
}

/** A key's record is of the operation that asks for it, so it holds what that operation makes. */
function transactionResult(result: CommitResult): TransactionResult {
  if (result.kind !== 'settled') return result;
  if (result.result.kind === 'pending') {
    const { createdAt: acceptedAt } = result.result.pending;
    return { kind: 'pending', acceptedAt, replayed: result.replayed, attempts: result.attempts };
  }
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

import type { BatchOutcome, CommitResult, Ledger, TransactionOutcome } from '../../../lib/dynamodb/index.ts';
import {
  type AccountPatch,
  type AssetCode,
  captureHold,
  createHold,
  type Hold,
  type HoldId,
  holdIdOf,
  LedgerError,
  memberRecordIdOf,
  type Posting,
  postBatch,
  postTransaction,
  recordIdOf,
  reverseTransaction,
  type TenantId,
  type Transaction,
  type TransactionCommand,
  type TransactionId,
  transactionIdOf,
  voidHold,
} from '../../../lib/ledger/index.ts';
import { account, asset } from '../../support/ledger-fixture.ts';
import {
  type ModelAccount,
  type ModelAnswer,
  type ModelEntry,
  type ModelPosting,
  type ModelRequest,
  textOf,
} from './book-model.ts';
import type { Deed } from './serial-order.ts';

/** How long one try may take, in milliseconds, and how often a client tries with the same key. */
const timeMs = 4_000;
const maxTries = 15;

const passing = new Set(['contention', 'unavailable', 'outcome_unknown']);

/**
 * A client as it should be: it tries again with the same key until it has a final answer. It remembers what every
 * key was answered, and that no key is ever answered twice in two ways.
 */
export class BookClient {
  readonly tenant: TenantId;
  readonly assets: readonly string[];
  /** What each transaction looked like when it was first answered. */
  readonly transactions = new Map<string, string>();
  readonly #spread = new Set<string>();
  #changes = 0;

  constructor(tenant: TenantId, assets: readonly string[]) {
    this.tenant = tenant;
    this.assets = assets;
  }

  /** Opens the books; `past` is an instance whose clock is so far behind that the fees it makes are in force by now. */
  async open(ledger: Ledger, past: Ledger, accounts: ReadonlyMap<string, ModelAccount>): Promise<void> {
    for (const code of this.assets) {
      await ledger.assets.create({
        tenant: this.tenant,
        code: asset(code),
        keyApplied: { mark: code, requestHash: '' },
      });
    }
    for (const [id, { floor, limit, shards }] of accounts) {
      if (shards) this.#spread.add(id);
      await this.create(ledger, id, floor, limit, shards);
    }
    const rule = { type: 'taxed', asset: asset('USD/2'), basisPoints: 1_000, payer: 'source' as const };
    const rules = [{ ...rule, feeAccount: account('fees') }];
    await past.fees.create({ tenant: this.tenant, rules, keyApplied: { mark: 'fees', requestHash: '' } });
  }

  async create(
    ledger: Ledger,
    id: string,
    floor: bigint | null,
    limit: ModelAccount['limit'] = null,
    shards?: number,
  ): Promise<void> {
    await this.#untilFinal(() =>
      ledger.accounts.create({
        tenant: this.tenant,
        id: account(id),
        unbounded: floor === null,
        shards,
        floors: this.#floors(floor === null || floor === 0n ? undefined : floor),
        ...(limit && { limits: new Map(this.assets.map((code) => [asset(code), { day: limit }])) }),
        metadata: {},
        keyApplied: { mark: `create ${id}`, requestHash: '' },
      }),
    );
  }

  /** Posts until there is a final answer. */
  async post(ledger: Ledger, request: ModelRequest): Promise<Deed> {
    let isInDoubt = false;
    for (let tries = 1; tries <= maxTries; tries++) {
      const outcome = await this.#try(ledger, request);
      if (outcome.kind !== 'failed') return this.deed(request, outcome, isInDoubt);
      if (outcome.code === 'outcome_unknown') isInDoubt = true;
    }
    throw new Error(`no final answer for ${request.key} after ${maxTries} tries`);
  }

  async #try(ledger: Ledger, request: ModelRequest): Promise<TransactionOutcome | BatchOutcome | HoldOutcome> {
    const { key, members, hold, voids, description } = request;
    if (hold || voids !== undefined) return holdOutcome(await ledger.execute(this.#holdCommand(request), timeMs));
    if (!members) return ledger.post(this.command(request), timeMs);
    const transactions = members.map((postings, index) => ({
      type: 'transfer',
      postings: postings.map(postingOf),
      ...(index === 0 && { description }),
    }));
    return ledger.postBatch(postBatch({ tenant: this.tenant, key, transactions }), timeMs);
  }

  /** Posts a list as one, without batches; what has no final answer is tried again by itself. */
  async postAll(ledger: Ledger, requests: readonly ModelRequest[]): Promise<Deed[]> {
    const outcomes = await ledger.postAll(
      requests.map((request) => this.command(request)),
      timeMs,
    );
    const deeds: Deed[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const request = requests[index] as ModelRequest;
      if (outcome.kind !== 'failed') deeds.push(this.deed(request, outcome, false));
      else {
        const deed = await this.post(ledger, request);
        const isInDoubt = outcome.code === 'outcome_unknown' && deed.kind === 'post';
        deeds.push(isInDoubt ? { ...deed, replayed: undefined } : deed);
      }
    }
    return deeds;
  }

  /** Changes an account; false when the change was refused. */
  async change(ledger: Ledger, id: string, change: Partial<ModelAccount>): Promise<boolean> {
    const { status, floor, freezesAll, limit, shards } = change;
    const mark = `change ${this.#changes++}`;
    const patch: AccountPatch = {
      ...(status !== undefined && { status }),
      ...(shards !== undefined && { shards }),
      ...(freezesAll !== undefined && { freezes: freezesAll ? 'all' : 'debits' }),
      ...(limit !== undefined && {
        limits: new Map(this.assets.map((code) => [asset(code), limit && { day: limit }])),
      }),
      ...(floor !== undefined && floor !== null && { floors: this.#floors(floor) }),
    };
    try {
      await this.#untilFinal(() =>
        ledger.accounts.update({
          tenant: this.tenant,
          id: account(id),
          patch,
          keyApplied: { mark, requestHash: '' },
        }),
      );
      return true;
    } catch (error) {
      const refusals = ['account_closed', 'balance_conflict', 'invalid_request'];
      const isRefusal = error instanceof LedgerError && refusals.includes(error.code);
      if (isRefusal) return false;
      throw error;
    }
  }

  /** The accounts that were changed, as they are now. */
  async see(ledger: Ledger, deeds: readonly Deed[]): Promise<Map<string, ModelAccount>> {
    const ids = new Set(deeds.flatMap((deed) => (deed.kind === 'change' ? deed.account : [])));
    const accounts = await Promise.all([...ids].map((id) => ledger.accounts.get(this.tenant, account(id))));
    return new Map(
      accounts.map(({ id, status, unbounded, floors, freezes, limits, shards }) => {
        const floor = unbounded ? null : (floors.get(asset(this.assets[0] as string)) ?? 0n);
        const { amount, count } = limits?.get(asset(this.assets[0] as string))?.day ?? {};
        const limit = amount !== undefined && count !== undefined ? { amount, count } : null;
        const spread = shards > 1 ? { shards } : {};
        return [id, { status, floor, freezesAll: freezes === 'all', limit, ...spread }];
      }),
    );
  }

  #holdCommand({ key, hold, voids = '', description }: ModelRequest) {
    if (!hold) return voidHold({ tenant: this.tenant, key, holdId: this.holdIdOf(voids) });
    const { account: id, asset: code, amount } = hold;
    return createHold({ tenant: this.tenant, key, account: account(id), asset: asset(code), amount, description });
  }

  holdIdOf(key: string): HoldId {
    return holdIdOf(recordIdOf(this.tenant, key));
  }

  command({ key, type, postings, reverses, capture, description }: ModelRequest): TransactionCommand {
    if (capture) {
      const { of, destination, ...rest } = capture;
      const target = { holdId: this.holdIdOf(of), destination: account(destination) };
      return captureHold({ tenant: this.tenant, key, ...target, ...rest, description });
    }
    if (reverses) {
      const { of, ...rest } = reverses;
      return reverseTransaction({ tenant: this.tenant, key, reverses: this.#idOf(of), ...rest, description });
    }
    return postTransaction({
      tenant: this.tenant,
      key,
      operation: 'createTransaction',
      type: type ?? 'transfer',
      postings: postings.map(postingOf),
      description,
    });
  }

  #idOf(name: string): TransactionId {
    const [key = '', index] = name.split('/');
    const record =
      index === undefined ? recordIdOf(this.tenant, key) : memberRecordIdOf(this.tenant, key, Number(index));
    return transactionIdOf(record);
  }

  /** @throws when the transaction differs from what its key was answered before */
  deed(request: ModelRequest, outcome: Final, isInDoubt: boolean): Deed {
    for (const transaction of transactionsOf(outcome)) {
      const { id } = transaction;
      // Metadata and entries come in one order, whether from memory or from the table; names need not.
      const text = sorted(transaction);
      const earlier = this.transactions.get(id) ?? text;
      if (earlier !== text) throw new Error(`${request.key} was answered ${earlier}, and now ${text}`);
      this.transactions.set(id, text);
    }
    const replayed = 'replayed' in outcome && outcome.replayed;
    const answer = answerOf(outcome, this.#spread);
    return { kind: 'post', request, answer, replayed: isInDoubt ? undefined : replayed };
  }

  async #untilFinal(act: () => Promise<unknown>): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await act();
        return;
      } catch (error) {
        if (!(error instanceof LedgerError) || !passing.has(error.code) || tries === maxTries) throw error;
      }
    }
  }

  #floors(floor: bigint | undefined): Map<AssetCode, bigint> {
    return new Map(floor === undefined ? [] : this.assets.map((code) => [asset(code), floor]));
  }
}

/** A text of a transaction in which the order of names does not matter. */
export function sorted(value: unknown): string {
  return textOf(value, (part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function postingOf({ source, destination, asset: code, amount }: ModelPosting): Posting {
  return { source: account(source), destination: account(destination), asset: asset(code), amount };
}

/** What became of a command that makes or ends a hold. */
type HoldOutcome = { readonly kind: 'held'; readonly hold: Hold; readonly replayed: boolean } | TransactionOutcome;

function holdOutcome(outcome: CommitResult): HoldOutcome {
  if (outcome.kind !== 'settled') return outcome;
  const { result, replayed } = outcome;
  if (result.kind === 'hold') return { kind: 'held', hold: result.hold, replayed };
  if (result.kind !== 'transaction') throw new Error(`a hold's key made a ${result.kind}`);
  return { kind: 'settled', transaction: result.transaction, replayed };
}

/** An outcome that stays. */
type Final = Exclude<TransactionOutcome | BatchOutcome | HoldOutcome, { kind: 'failed' }>;

function transactionsOf(outcome: Final): readonly Transaction[] {
  if (outcome.kind === 'posted') return outcome.transactions;
  return outcome.kind === 'settled' || outcome.kind === 'rejected' ? [outcome.transaction] : [];
}

/** What was answered, without sequences and balances of accounts that are spread. */
function answerOf(outcome: Final, spread: ReadonlySet<string>): ModelAnswer {
  if (outcome.kind === 'key_reused') return { kind: 'key_reused' };
  if (outcome.kind === 'refused') {
    return { kind: 'refused', code: outcome.code, what: String(outcome.account ?? outcome.asset) };
  }
  if (outcome.kind === 'held') return heldAnswer(outcome.hold);
  const transactions = transactionsOf(outcome);
  const entries: ModelEntry[] = [];
  for (const transaction of transactions) {
    if (transaction.status === 'rejected') {
      return { kind: 'rejected', reason: transaction.reason, account: String(transaction.evidence.account) };
    }
    if (transaction.status === 'failed') throw new Error(`${transaction.id} failed without a line`);
    for (const { account: id, asset: code, sequence, amount, balanceAfter } of transaction.entries) {
      const known = spread.has(id) ? { sequence: 0, balanceAfter: 0n } : { sequence, balanceAfter };
      entries.push({ account: id, asset: code, sequence: known.sequence, amount, balanceAfter: known.balanceAfter });
    }
  }
  return { kind: 'posted', entries };
}

function heldAnswer({ account: id, asset: code, amount, remaining, captured, status }: Hold): ModelAnswer {
  if (status === 'expired') throw new Error('a hold expired that lasts a week');
  return { kind: 'held', account: id, asset: code, amount, remaining, captured, status };
}

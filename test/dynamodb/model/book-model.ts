/**
 * A ledger in its simplest form: no versions, no hashes, no copies, one command after the other. It shares no code
 * with the ledger it predicts, so a mistake would have to be made twice.
 */
export interface ModelPosting {
  readonly source: string;
  readonly destination: string;
  readonly asset: string;
  readonly amount: bigint;
}

/** A request as a client sends it; `body` is everything but the key. */
export interface ModelRequest {
  readonly key: string;
  /** `taxed` in `USD/2`, with a single posting: a tenth goes to `fees`, rounded half to even. */
  readonly type?: 'taxed';
  /** None where it reverses something, is a batch, or is about a hold. */
  readonly postings: readonly ModelPosting[];
  readonly reverses?: ModelReversal;
  /** The postings of each transaction of a batch. */
  readonly members?: readonly (readonly ModelPosting[])[];
  readonly hold?: ModelHoldRequest;
  readonly capture?: ModelCapture;
  /** The key of the hold that it ends. */
  readonly voids?: string;
  readonly description: string;
}

export interface ModelHoldRequest {
  readonly account: string;
  readonly asset: string;
  readonly amount: bigint;
}

export interface ModelCapture {
  /** The key of the hold. */
  readonly of: string;
  readonly destination: string;
  readonly amount?: bigint;
  readonly final: boolean;
}

/** A hold as an answer shows it. */
export interface ModelHold extends ModelHoldRequest {
  readonly remaining: bigint;
  readonly captured: bigint;
  readonly status: 'open' | 'captured' | 'voided';
}

export interface ModelReversal {
  /** The key of a transaction, or `<key>/<index>` of one in a batch. */
  readonly of: string;
  readonly amount?: bigint;
  readonly mayOverdraw: boolean;
}

/** Of an account that is spread no sequence and balance is foreseen, since that depends on the shard; they are 0. */
export interface ModelEntry {
  readonly account: string;
  readonly asset: string;
  readonly sequence: number;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
}

/** What must be answered. */
export type ModelAnswer =
  | { readonly kind: 'posted'; readonly entries: readonly ModelEntry[] }
  | ({ readonly kind: 'held' } & ModelHold)
  | { readonly kind: 'rejected'; readonly reason: string; readonly account: string }
  | { readonly kind: 'refused'; readonly code: string; readonly what: string }
  | { readonly kind: 'key_reused' };

export interface ModelAccount {
  readonly status: 'active' | 'frozen' | 'closed';
  /** Null for an unbounded account. */
  readonly floor: bigint | null;
  /** Over how many balances of each asset it is spread; 1 where absent. */
  readonly shards?: number;
  /** Whether being frozen stops credits too. */
  readonly freezesAll?: boolean;
  /** What may go out of each of its balances on a day; a run is over before midnight, or has no limits at its turn. */
  readonly limit?: ModelLimit | null;
}

export interface ModelLimit {
  readonly amount: bigint;
  readonly count: number;
}

interface ModelBalance {
  readonly posted: bigint;
  readonly sequence: number;
  readonly held?: bigint;
  /** What went out while there was a limit. */
  readonly used?: ModelLimit;
}

/** What a key has come to for ever, with the body that it came with and how many transactions it makes if posted. */
interface Settled {
  readonly body: string;
  readonly answer: ModelAnswer;
  readonly transactions: number;
}

export class BookModel {
  readonly accounts: Map<string, ModelAccount>;
  readonly balances: Map<string, ModelBalance>;
  readonly #assets: ReadonlySet<string>;
  readonly #answers: Map<string, Settled>;
  /** What was asked for in each posted transaction, by its key and place. */
  readonly #posted: Map<string, readonly ModelPosting[]>;
  /** By the key that made each. */
  readonly holds: Map<string, ModelHold>;
  /** Of each that was reversed, the sum of the amounts that its reversals name. */
  readonly #reversed: Map<string, bigint>;

  constructor(assets: ReadonlySet<string>, from?: BookModel) {
    this.#assets = assets;
    this.accounts = new Map(from?.accounts);
    this.balances = new Map(from?.balances);
    this.#answers = new Map(from ? from.#answers : []);
    this.#posted = new Map(from ? from.#posted : []);
    this.#reversed = new Map(from ? from.#reversed : []);
    this.holds = new Map(from?.holds);
  }

  clone(): BookModel {
    return new BookModel(this.#assets, this);
  }

  posted(account: string, asset: string): bigint {
    return this.#balance(account, asset).posted;
  }

  held(account: string, asset: string): bigint {
    return this.#balance(account, asset).held ?? 0n;
  }

  /** The keys that have an answer for ever, with it. */
  get settled(): ReadonlyMap<string, Settled> {
    return this.#answers;
  }

  /** Posts a request; `replayed` when its key was answered before. */
  post(request: ModelRequest): { readonly answer: ModelAnswer; readonly replayed: boolean } {
    const body = bodyOf(request);
    const earlier = this.#answers.get(request.key);
    if (earlier && earlier.body !== body) return { answer: { kind: 'key_reused' }, replayed: false };
    if (earlier) return { answer: earlier.answer, replayed: true };
    const answer = this.#answer(request);
    if (answer.kind === 'refused') return { answer, replayed: false };
    this.#answers.set(request.key, { body, answer, transactions: request.members?.length ?? 1 });
    return { answer, replayed: false };
  }

  #answer(request: ModelRequest): ModelAnswer {
    if (request.reverses) return this.#reverse(request.key, request.reverses);
    if (request.members) return this.#postEach(request.key, request.members);
    if (request.hold) return this.#hold(request.key, request.hold);
    if (request.capture) return this.#capture(request.key, request.capture);
    if (request.voids !== undefined) return this.#void(request.voids);
    const postings = [...request.postings, ...feesOf(request)];
    const answer = this.#refusal(postings) ?? this.#barrier(postings) ?? this.#move(postings, request.postings.length);
    if (answer.kind === 'posted') this.#posted.set(request.key, request.postings);
    return answer;
  }

  #reverse(key: string, { of, amount, mayOverdraw }: ModelReversal): ModelAnswer {
    const original = this.#posted.get(of);
    if (!original) return { kind: 'refused', code: 'not_found', what: 'undefined' };
    const reversed = this.#reversed.get(of);
    const [single] = original;
    const remaining = single && original.length === 1 ? single.amount - (reversed ?? 0n) : undefined;
    if (remaining === 0n || (remaining === undefined && reversed !== undefined)) {
      return { kind: 'refused', code: 'already_reversed', what: 'undefined' };
    }
    if (remaining === undefined && amount !== undefined) {
      return { kind: 'refused', code: 'invalid_request', what: 'undefined' };
    }
    const postings = original.toReversed().map((posting) => ({
      ...posting,
      source: posting.destination,
      destination: posting.source,
      amount: amount ?? remaining ?? posting.amount,
    }));
    if (single && remaining !== undefined && amount !== undefined && amount > remaining) {
      return { kind: 'rejected', reason: 'exceeds_remaining', account: single.destination };
    }
    const answer = this.#barrier(postings) ?? this.#move(postings, mayOverdraw ? 0 : postings.length, mayOverdraw);
    if (answer.kind !== 'posted') return answer;
    this.#posted.set(key, postings);
    this.#reversed.set(of, (reversed ?? 0n) + (amount ?? remaining ?? 0n));
    return answer;
  }

  #hold(key: string, { account, asset, amount }: ModelHoldRequest): ModelAnswer {
    const refused = this.#refusal([{ source: account, destination: account, asset, amount }]);
    if (refused) return refused;
    const { status, floor } = this.accounts.get(account) as ModelAccount;
    if (status !== 'active') return { kind: 'rejected', reason: `account_${status}`, account };
    if (floor !== null && this.posted(account, asset) - this.held(account, asset) - amount < floor) {
      return { kind: 'rejected', reason: 'insufficient_funds', account };
    }
    this.#reserve(account, asset, amount);
    return this.#keep(key, { account, asset, amount, remaining: amount, captured: 0n, status: 'open' });
  }

  #capture(key: string, { of, destination, amount, final }: ModelCapture): ModelAnswer {
    const hold = this.holds.get(of);
    if (!hold) return { kind: 'refused', code: 'not_found', what: 'undefined' };
    const { account, asset, remaining, captured } = hold;
    if (hold.status !== 'open') return { kind: 'refused', code: 'hold_not_open', what: 'undefined' };
    if (destination === account) return { kind: 'refused', code: 'same_account', what: account };
    const posting = { source: account, destination, asset, amount: amount ?? remaining };
    const refused = this.#refusal([posting]);
    if (refused) return refused;
    if (posting.amount > remaining) return { kind: 'rejected', reason: 'exceeds_remaining', account };
    const left = final ? 0n : remaining - posting.amount;
    const trial = this.clone();
    trial.#reserve(account, asset, left - remaining);
    const answer = trial.#barrier([posting]) ?? trial.#move([posting], 1);
    if (answer.kind !== 'posted') return answer;
    for (const [name, balance] of trial.balances) this.balances.set(name, balance);
    const status = left === 0n ? 'captured' : 'open';
    this.#keep(of, { ...hold, remaining: left, captured: captured + posting.amount, status });
    this.#posted.set(key, [posting]);
    return answer;
  }

  #void(of: string): ModelAnswer {
    const hold = this.holds.get(of);
    if (!hold) return { kind: 'refused', code: 'not_found', what: 'undefined' };
    if (hold.status !== 'open') return { kind: 'refused', code: 'hold_not_open', what: 'undefined' };
    this.#reserve(hold.account, hold.asset, -hold.remaining);
    return this.#keep(of, { ...hold, remaining: 0n, status: 'voided' });
  }

  #reserve(account: string, asset: string, amount: bigint): void {
    const before = this.#balance(account, asset);
    this.balances.set(`${account} ${asset}`, { ...before, held: (before.held ?? 0n) + amount });
  }

  #keep(of: string, hold: ModelHold): ModelAnswer {
    this.holds.set(of, hold);
    return { kind: 'held', ...hold };
  }

  /** All or none: each sees what the ones before it left, and what any of them misses is looked for first. */
  #postEach(key: string, members: readonly (readonly ModelPosting[])[]): ModelAnswer {
    for (const postings of members) {
      const refused = this.#refusal(postings);
      if (refused) return refused;
    }
    const trial = this.clone();
    const entries: ModelEntry[] = [];
    for (const [index, postings] of members.entries()) {
      const answer = trial.#barrier(postings) ?? trial.#move(postings, postings.length);
      if (answer.kind !== 'posted') return answer;
      entries.push(...answer.entries);
      trial.#posted.set(`${key}/${index}`, postings);
    }
    for (const [name, balance] of trial.balances) this.balances.set(name, balance);
    for (const [name, postings] of trial.#posted) this.#posted.set(name, postings);
    return { kind: 'posted', entries };
  }

  /** Changes an account; false when the ledger must refuse to. */
  change(id: string, change: Partial<ModelAccount>): boolean {
    const account = this.accounts.get(id);
    if (!account || account.status === 'closed') return false;
    if ((change.shards ?? Number.POSITIVE_INFINITY) < (account.shards ?? 1)) return false;
    const after = { ...account, ...change };
    for (const asset of this.#assets) {
      const posted = this.posted(id, asset);
      const held = this.held(id, asset);
      if (after.status === 'closed' && (posted !== 0n || held !== 0n)) return false;
      if (after.floor !== account.floor && after.floor !== null && posted - held < after.floor) return false;
    }
    this.accounts.set(id, after);
    if (!after.limit) this.#forgetUse(id);
    return true;
  }

  #refusal(postings: readonly ModelPosting[]): ModelAnswer | undefined {
    const accounts = postings.flatMap(({ source, destination }) => [source, destination]);
    const account = accounts.find((id) => !this.accounts.has(id));
    if (account !== undefined) return { kind: 'refused', code: 'account_not_found', what: account };
    const asset = postings.find((posting) => !this.#assets.has(posting.asset))?.asset;
    return asset === undefined ? undefined : { kind: 'refused', code: 'asset_not_found', what: asset };
  }

  #barrier(postings: readonly ModelPosting[]): ModelAnswer | undefined {
    const accounts = postings.flatMap(({ source, destination }) => [source, destination]);
    const closed = accounts.find((id) => this.accounts.get(id)?.status === 'closed');
    if (closed !== undefined) return { kind: 'rejected', reason: 'account_closed', account: closed };
    const frozen = postings
      .flatMap(({ source, destination }) => [
        { id: source, isStopped: true },
        { id: destination, isStopped: this.accounts.get(destination)?.freezesAll },
      ])
      .find(({ id, isStopped }) => isStopped && this.accounts.get(id)?.status === 'frozen')?.id;
    return frozen === undefined ? undefined : { kind: 'rejected', reason: 'account_frozen', account: frozen };
  }

  /** Moves all or nothing. Only the first ones, those that were asked for, count against limits. */
  #move(postings: readonly ModelPosting[], asked: number, mayOverdraw = false): ModelAnswer {
    const trial = this.clone();
    const entries: ModelEntry[] = [];
    for (const [index, { source, destination, asset, amount }] of postings.entries()) {
      const floor = this.accounts.get(source)?.floor ?? null;
      if (!mayOverdraw && floor !== null && trial.posted(source, asset) - trial.held(source, asset) - amount < floor) {
        return { kind: 'rejected', reason: 'insufficient_funds', account: source };
      }
      if (index < asked && !trial.#use(source, asset, amount)) {
        return { kind: 'rejected', reason: 'limit_exceeded', account: source };
      }
      entries.push(trial.#add(source, asset, -amount), trial.#add(destination, asset, amount));
    }
    for (const [name, balance] of trial.balances) this.balances.set(name, balance);
    return { kind: 'posted', entries };
  }

  #add(account: string, asset: string, amount: bigint): ModelEntry {
    const before = this.#balance(account, asset);
    const balance = { ...before, posted: before.posted + amount, sequence: before.sequence + 1 };
    this.balances.set(`${account} ${asset}`, balance);
    if (this.accounts.get(account)?.shards) return { account, asset, sequence: 0, amount, balanceAfter: 0n };
    return { account, asset, sequence: balance.sequence, amount, balanceAfter: balance.posted };
  }

  /** Counts a debit against the limit of its account, if there is one; false when it would exceed it. */
  #use(account: string, asset: string, amount: bigint): boolean {
    const limit = this.accounts.get(account)?.limit;
    if (!limit) return true;
    const balance = this.#balance(account, asset);
    const used = { amount: (balance.used?.amount ?? 0n) + amount, count: (balance.used?.count ?? 0) + 1 };
    this.balances.set(`${account} ${asset}`, { ...balance, used });
    return used.amount <= limit.amount && used.count <= limit.count;
  }

  #forgetUse(account: string): void {
    for (const [name, { used: _, ...balance }] of this.balances) {
      if (name.startsWith(`${account} `)) this.balances.set(name, balance);
    }
  }

  #balance(account: string, asset: string): ModelBalance {
    return this.balances.get(`${account} ${asset}`) ?? { posted: 0n, sequence: 0 };
  }
}

/** A text that is equal exactly for equal answers; each part may be brought into a form of its own first. */
export function textOf(value: unknown, formOf: (part: unknown) => unknown = (part) => part): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : formOf(part)));
}

/** A tenth of the amount from the source, where a request has a fee: by the last digit, a 5 goes to the even side. */
function feesOf({ type, postings }: ModelRequest): ModelPosting[] {
  const [posting, ...others] = postings;
  if (type !== 'taxed' || !posting || others.length > 0 || posting.asset !== 'USD/2') return [];
  const tenth = posting.amount / 10n;
  const digit = posting.amount % 10n;
  const amount = digit > 5n || (digit === 5n && tenth % 2n === 1n) ? tenth + 1n : tenth;
  return amount === 0n ? [] : [{ ...posting, destination: 'fees', amount }];
}

function bodyOf({ key: _, ...body }: ModelRequest): string {
  const { type, postings, reverses, members, hold, capture, voids, description } = body;
  const parts = [type, postings, reverses, members, hold, capture, voids, description];
  return textOf(parts.map((part) => part ?? ''));
}

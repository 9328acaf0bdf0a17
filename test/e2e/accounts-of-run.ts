import { expect } from '@jest/globals';
import { auditOverApi } from '../support/api-books.ts';
import type { ApiAnswer } from '../support/api-client.ts';
import type { Target } from './target.ts';

export const asset = 'USD/2';

/** A place with one process for each concurrent request takes its time on a small machine. */
export const raceTimeoutMs = 240_000;

/** Accounts of one run with a bank of its own: everything the run moves stays among them, so they can be audited. */
export class AccountsOfRun {
  readonly #target: Target;
  readonly #accounts: string[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  static async on(target: Target): Promise<AccountsOfRun> {
    await target.api.post('/v1/assets', { code: asset });
    const accounts = new AccountsOfRun(target);
    await accounts.open('bank', { unbounded: true });
    return accounts;
  }

  /** Opens an account of this run, with funds from its bank. */
  async open(text: string, body: object = {}, funds = 0): Promise<string> {
    const id = this.#target.name(text);
    expect((await this.#target.api.settle('/v1/accounts', { id, ...body })).status).toBe(201);
    this.#accounts.push(id);
    if (funds > 0) expect((await this.transfer(this.#target.name('bank'), id, funds)).status).toBe(201);
    return id;
  }

  transfer(source: string, destination: string, amount: number): Promise<ApiAnswer> {
    return this.#target.api.settle('/v1/transfers', { source, destination, asset, amount });
  }

  async balanceOf(account: string): Promise<string> {
    return (await this.#target.api.get(`/v1/accounts/${account}/balances/USD.2`)).body.posted;
  }

  /** What is wrong with the books of these accounts, over the API alone. */
  audit(): Promise<string[]> {
    return auditOverApi(this.#target.api, this.#accounts, asset);
  }
}

import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import type { AccountId } from '../../lib/ledger/index.ts';
import { readAs } from '../api/answer.ts';
import { accountAnswer, assetAnswer } from '../api/answers.ts';
import type { ApiClient } from '../api/client.ts';
import { apiPath } from '../api/paths.ts';
import { ApiProblem } from '../api/problem.ts';
import type { ImportLine } from './line.ts';

const assetList = z.looseObject({ data: z.array(assetAnswer) });

/** What an account is where its line says nothing. */
const accountDefaults: Readonly<Record<string, unknown>> = {
  unbounded: false,
  shards: 1,
  freezes: 'debits',
  floors: {},
  limits: {},
  owner: undefined,
  metadata: {},
};

/**
 * Names the members in which an asset or account that exists differs from the line that would make it; none when the line
 * has nothing to do.
 */
export async function differences(api: ApiClient, { kind, body }: ImportLine): Promise<string[]> {
  if (kind === 'asset') {
    const { value } = readAs(assetList, (await api.get('/v1/assets')).body);
    const existing = value.data.find(({ code }) => code === body.code);
    return existing?.name === body.name ? [] : ['name'];
  }
  const { value } = readAs(accountAnswer, (await api.get(apiPath`/v1/accounts/${String(body.id)}`)).body);
  const wanted: Readonly<Record<string, unknown>> = { ...accountDefaults, ...body };
  return Object.entries(accountDefaults).flatMap(([name, nothing]) =>
    isDeepStrictEqual(value[name] ?? nothing, wanted[name]) ? [] : [name],
  );
}

/** Looks up accounts once: whether one is unbounded never changes. One that is not there counts as bounded. */
export class UnboundedAccounts {
  readonly #api: ApiClient;
  readonly #known = new Map<AccountId, Promise<boolean>>();

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** Learns it from the line that makes the account. */
  learn({ kind, body }: ImportLine): void {
    if (kind === 'account') this.#known.set(body.id as AccountId, Promise.resolve(body.unbounded === true));
  }

  async has(account: AccountId): Promise<boolean> {
    const known = this.#known.get(account) ?? this.#ask(account);
    this.#known.set(account, known);
    return known;
  }

  async #ask(account: AccountId): Promise<boolean> {
    try {
      const { body } = await this.#api.get(apiPath`/v1/accounts/${account}`);
      return readAs(accountAnswer, body).value.unbounded;
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 404) return false;
      throw error;
    }
  }
}

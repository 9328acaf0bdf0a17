import type { Command } from 'commander';
import * as z from 'zod';
import type { AccountId, AssetCode } from '../../lib/ledger/index.ts';
import { majorText, readAsset } from '../amount.ts';
import { type Read, readAs } from '../api/answer.ts';
import { type BalanceAnswer, balanceAnswer, balanceAtAnswer } from '../api/answers.ts';
import type { ApiClient } from '../api/client.ts';
import { apiPath, assetInUrl } from '../api/paths.ts';
import { readAccountId } from '../arguments.ts';
import { contextOf } from '../context.ts';
import type { Column } from '../output/table.ts';

type BalanceAt = z.output<typeof balanceAtAnswer>;

const balanceList = z.looseObject({ data: z.array(z.unknown()) });

const columns: readonly Column<BalanceAnswer>[] = [
  { heading: 'ACCOUNT', cell: ({ account }) => account },
  { heading: 'ASSET', cell: ({ asset }) => asset },
  { heading: 'POSTED', cell: ({ posted, asset }) => majorText(BigInt(posted), asset), isNumber: true },
  { heading: 'HELD', cell: ({ held, asset }) => majorText(BigInt(held), asset), isNumber: true },
  { heading: 'AVAILABLE', cell: availableText, isNumber: true },
  { heading: 'UPDATED', cell: ({ updatedAt }) => updatedAt ?? '' },
];

const columnsAt: readonly Column<BalanceAt>[] = [
  { heading: 'ACCOUNT', cell: ({ account }) => account },
  { heading: 'ASSET', cell: ({ asset }) => asset },
  { heading: 'POSTED', cell: ({ posted, asset }) => majorText(BigInt(posted), asset), isNumber: true },
  { heading: 'AT', cell: ({ at }) => at },
  { heading: 'ENTRIES', cell: ({ sequence }) => sequence, isNumber: true },
];

/** `florin balance`: the balances of an account, now or at an instant. */
export function balance(program: Command): void {
  const command = program
    .command('balance <account> [asset]')
    .description('show the balances of an account, or the one in an asset')
    .option('--at <time>', 'as it was at this instant, such as 2026-11-21T10:00:00Z');
  command.action(async (accountText: string, assetText: string | undefined, { at }: { at?: string }) => {
    const { api, output } = contextOf(command);
    const account = readAccountId(accountText);
    const asset = assetText === undefined ? undefined : readAsset(assetText);
    if (at === undefined) await output.list(balancesNow(api, account, asset), columns);
    else await output.list(balancesAt(api, account, asset, at), columnsAt);
  });
}

async function* balancesNow(
  api: ApiClient,
  account: AccountId,
  asset: AssetCode | undefined,
): AsyncGenerator<readonly Read<BalanceAnswer>[]> {
  if (asset === undefined) {
    yield await allBalances(api, account);
  } else {
    const { body } = await api.get(apiPath`/v1/accounts/${account}/balances/${assetInUrl(asset)}`);
    yield [readAs(balanceAnswer, body)];
  }
}

async function* balancesAt(
  api: ApiClient,
  account: AccountId,
  asset: AssetCode | undefined,
  at: string,
): AsyncGenerator<readonly Read<BalanceAt>[]> {
  const assets = asset ? [asset] : (await allBalances(api, account)).map(({ value }) => value.asset);
  const answers = assets.map((each) => api.get(apiPath`/v1/accounts/${account}/balances/${assetInUrl(each)}`, { at }));
  yield (await Promise.all(answers)).map(({ body }) => readAs(balanceAtAnswer, body));
}

async function allBalances(api: ApiClient, account: AccountId): Promise<readonly Read<BalanceAnswer>[]> {
  const { value } = readAs(balanceList, (await api.get(apiPath`/v1/accounts/${account}/balances`)).body);
  return value.data.map((raw) => readAs(balanceAnswer, raw));
}

function availableText({ available, asset }: BalanceAnswer): string {
  return available === null ? 'unbounded' : majorText(BigInt(available), asset);
}

import { type Command, Option } from 'commander';
import { majorText, readAsset } from '../amount.ts';
import { type EntryAnswer, entryAnswer } from '../api/answers.ts';
import { atMost, largestPage, pagesOf } from '../api/pages.ts';
import { apiPath, assetInUrl } from '../api/paths.ts';
import { readAccountId, wholeNumber } from '../arguments.ts';
import { contextOf } from '../context.ts';
import type { Column } from '../output/table.ts';

interface HistoryOptions {
  readonly asset?: string;
  readonly from?: string;
  readonly to?: string;
  readonly order: string;
  readonly limit: number;
}

/** How entries are shown. */
export const entryColumns: readonly Column<EntryAnswer>[] = [
  { heading: 'TIME', cell: ({ createdAt }) => createdAt },
  { heading: 'ASSET', cell: ({ asset }) => asset },
  { heading: 'ENTRY', cell: ({ sequence }) => sequence, isNumber: true },
  { heading: 'AMOUNT', cell: ({ amount, asset }) => majorText(BigInt(amount), asset), isNumber: true },
  { heading: 'BALANCE', cell: ({ balanceAfter, asset }) => majorText(BigInt(balanceAfter), asset), isNumber: true },
  { heading: 'TYPE', cell: ({ type }) => type },
  { heading: 'WITH', cell: ({ counterparties }) => counterparties.join(' ') },
  { heading: 'TRANSACTION', cell: ({ transactionId }) => transactionId },
  { heading: 'DESCRIPTION', cell: ({ description }) => description ?? '' },
];

/** `florin history`: the entries of an account. */
export function history(program: Command): void {
  const command = program
    .command('history <account>')
    .description('show the entries of an account, newest first')
    .option('--asset <asset>', 'of this asset only')
    .option('--from <time>', 'at or after this instant, such as 2026-11-21T10:00:00Z')
    .option('--to <time>', 'at or before this instant')
    .addOption(new Option('--order <order>', 'newest first or oldest first').choices(['desc', 'asc']).default('desc'))
    .option('--limit <count>', 'how many at most', wholeNumber(1, 999_999_999), 20);
  command.action(async (account: string, { asset, from, to, order, limit }: HistoryOptions) => {
    const { api, output } = contextOf(command);
    const path = apiPath`/v1/accounts/${readAccountId(account)}/entries`;
    const query = { asset: asset && assetInUrl(readAsset(asset)), from, to, order };
    await output.list(
      atMost(limit, pagesOf(api, path, query, entryAnswer, Math.min(limit, largestPage))),
      entryColumns,
    );
  });
}

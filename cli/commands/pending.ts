import type { Command } from 'commander';
import { majorText } from '../amount.ts';
import { type TransactionAnswer, transactionAnswer } from '../api/answers.ts';
import { atMost, largestPage, pagesOf } from '../api/pages.ts';
import { apiPath } from '../api/paths.ts';
import { readAccountId, wholeNumber } from '../arguments.ts';
import { contextOf } from '../context.ts';
import type { Column } from '../output/table.ts';

const columns: readonly Column<TransactionAnswer>[] = [
  { heading: 'TRANSACTION', cell: ({ id }) => id ?? '' },
  { heading: 'ACCEPTED', cell: ({ createdAt }) => createdAt ?? '' },
  { heading: 'TYPE', cell: ({ type }) => type },
  { heading: 'ABOUT', cell: aboutOf },
  { heading: 'DESCRIPTION', cell: ({ description }) => description ?? '' },
];

/** `florin pending`: what waits in the line of an account. */
export function pending(program: Command): void {
  const command = program
    .command('pending <account>')
    .description('show what was accepted and waits in the line of an account, in the order of its turns')
    .option('--limit <count>', 'how many at most; all there are by default', wholeNumber(1, 999_999_999));
  command.action(async (account: string, { limit }: { readonly limit?: number }) => {
    const { api, output } = contextOf(command);
    const path = apiPath`/v1/accounts/${readAccountId(account)}/pending`;
    const pages = pagesOf(api, path, {}, transactionAnswer, Math.min(limit ?? largestPage, largestPage));
    await output.list(limit === undefined ? pages : atMost(limit, pages), columns);
  });
}

/** What it is to do, as far as is known before its turn. */
function aboutOf({ postings = [], transactions, holdId, reverses }: TransactionAnswer): string {
  const [first, ...others] = postings;
  if (first) {
    const { source, destination, amount, asset } = first;
    const more = others.length > 0 ? `, and ${others.length} more` : '';
    return `${majorText(BigInt(amount), asset)} ${asset} from ${source} to ${destination}${more}`;
  }
  if (transactions) return `${transactions.length} transactions`;
  return holdId ?? reverses ?? '';
}

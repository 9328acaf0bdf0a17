import { type Command, Option } from 'commander';
import { readAsset } from '../amount.ts';
import type { Read } from '../api/answer.ts';
import { accountAnswer, type EntryAnswer, entryAnswer } from '../api/answers.ts';
import type { ApiClient } from '../api/client.ts';
import { pagesOf } from '../api/pages.ts';
import { apiPath, assetInUrl } from '../api/paths.ts';
import { collectText, readAccountId } from '../arguments.ts';
import { contextOf } from '../context.ts';
import { csvLine, csvText } from '../output/csv.ts';

interface ExportOptions {
  readonly account?: readonly string[];
  readonly asset?: string;
  readonly from?: string;
  readonly to?: string;
  readonly format: 'jsonl' | 'csv';
}

const columns: readonly (readonly [string, (entry: EntryAnswer) => string])[] = [
  ['account', ({ account }) => account],
  ['asset', ({ asset }) => asset],
  ['sequence', ({ sequence }) => sequence],
  ['amount', ({ amount }) => amount],
  ['balanceAfter', ({ balanceAfter }) => balanceAfter],
  ['createdAt', ({ createdAt }) => createdAt],
  ['transactionId', ({ transactionId }) => transactionId],
  ['type', ({ type }) => type],
  ['counterparties', ({ counterparties }) => counterparties.join(' ')],
  ['description', ({ description }) => csvText(description ?? '')],
  ['detailsDigest', ({ detailsDigest }) => detailsDigest],
  ['previousHash', ({ previousHash }) => previousHash],
  ['hash', ({ hash }) => hash],
];

/** `florin export`: entries as JSON Lines or CSV, account by account, each from the oldest on; a page at a time in memory. */
export function exportEntries(program: Command): void {
  const command = program
    .command('export')
    .description('write entries as JSON Lines or CSV, account by account, oldest first')
    .option('--account <id>', 'of this account only; may be given several times', collectText)
    .option('--asset <asset>', 'of this asset only')
    .option('--from <time>', 'at or after this instant, such as 2026-11-21T10:00:00Z')
    .option('--to <time>', 'at or before this instant')
    .addOption(new Option('--format <format>', 'what to write').choices(['jsonl', 'csv']).default('jsonl'));
  command.action(async ({ account, asset, from, to, format }: ExportOptions) => {
    const { api, output } = contextOf(command);
    const query = { asset: asset && assetInUrl(readAsset(asset)), from, to };
    if (format === 'csv') await output.line(`${csvLine(columns.map(([name]) => name))}\r`);
    for await (const id of accountIds(api, account)) {
      for await (const entries of pagesOf(
        api,
        apiPath`/v1/accounts/${id}/entries`,
        { ...query, order: 'asc' },
        entryAnswer,
      )) {
        for (const entry of entries) await output.line(format === 'csv' ? csvOf(entry) : JSON.stringify(entry.raw));
      }
    }
  });
}

/** The given accounts, else all. A list that is read while accounts are made may lack the newest. */
export async function* accountIds(api: ApiClient, given: readonly string[] | undefined): AsyncGenerator<string> {
  if (given) {
    yield* given.map(readAccountId);
    return;
  }
  for await (const accounts of pagesOf(api, '/v1/accounts', {}, accountAnswer)) {
    for (const { value } of accounts) yield value.id;
  }
}

/** RFC 4180 ends lines with a carriage return and a line feed. */
function csvOf({ value }: Read<EntryAnswer>): string {
  return `${csvLine(columns.map(([, cell]) => cell(value)))}\r`;
}

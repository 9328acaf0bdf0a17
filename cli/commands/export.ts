import { type Command, Option } from 'commander';
import * as z from 'zod';
import { readAsset } from '../amount.ts';
import { type Read, readAs } from '../api/answer.ts';
import { type EntryAnswer, entryAnswer } from '../api/answers.ts';
import type { ApiClient, Query } from '../api/client.ts';
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

const exportPage = z.looseObject({ data: z.array(z.unknown()), to: z.string(), nextCursor: z.string().optional() });

/** Entries of one request. */
const pageSize = '500';

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
  command.action(async ({ account, asset: assetText, from, to, format }: ExportOptions) => {
    const { api, output } = contextOf(command);
    const asset = assetText === undefined ? undefined : readAsset(assetText);
    const period = { from, to };
    const pages = account
      ? entriesOf(api, account, { ...period, asset: asset && assetInUrl(asset) })
      : allEntries(api, period, (end) => output.remark(`Entries up to ${end}: later ones may not be final yet.`));
    if (format === 'csv') await output.line(`${csvLine(columns.map(([name]) => name))}\r`);
    for await (const entries of pages) {
      for (const entry of entries) {
        if (asset !== undefined && entry.value.asset !== asset) continue;
        await output.line(format === 'csv' ? csvOf(entry) : JSON.stringify(entry.raw));
      }
    }
  });
}

type Pages = AsyncGenerator<readonly Read<EntryAnswer>[]>;

/** Each account as it is when it is read. */
async function* entriesOf(api: ApiClient, accounts: readonly string[], query: Query): Pages {
  for (const id of accounts.map(readAccountId)) {
    yield* pagesOf(api, apiPath`/v1/accounts/${id}/entries`, { ...query, order: 'asc' }, entryAnswer);
  }
}

/** All accounts as of one instant, which is told. */
async function* allEntries(api: ApiClient, period: Query, tellEnd: (end: string) => void): Pages {
  let cursor: string | undefined;
  do {
    const { value } = readAs(exportPage, (await api.get('/v1/entries', { ...period, limit: pageSize, cursor })).body);
    if (cursor === undefined) tellEnd(value.to);
    yield value.data.map((raw) => readAs(entryAnswer, raw));
    cursor = value.nextCursor;
  } while (cursor !== undefined);
}

/** RFC 4180 ends lines with a carriage return and a line feed. */
function csvOf({ value }: Read<EntryAnswer>): string {
  return `${csvLine(columns.map(([, cell]) => cell(value)))}\r`;
}

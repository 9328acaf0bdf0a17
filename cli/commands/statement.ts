import { type Command, Option } from 'commander';
import * as z from 'zod';
import { majorText, readAsset } from '../amount.ts';
import { readAs } from '../api/answer.ts';
import { entryAnswer } from '../api/answers.ts';
import type { ApiClient } from '../api/client.ts';
import { apiPath, assetInUrl } from '../api/paths.ts';
import { readAccountId } from '../arguments.ts';
import { contextOf } from '../context.ts';
import type { Output } from '../output/output.ts';
import { Table } from '../output/table.ts';
import { entryColumns } from './history.ts';

interface StatementOptions {
  readonly from?: string;
  readonly to?: string;
  readonly format: 'table' | 'jsonl' | 'csv';
}

type Query = Readonly<Record<string, string | undefined>>;

const statementAnswer = z.looseObject({
  from: z.string().optional(),
  to: z.string(),
  opening: z.string().regex(/^-?[0-9]+$/),
  closing: z.string().regex(/^-?[0-9]+$/),
  data: z.array(entryAnswer),
  nextCursor: z.string().optional(),
});

/** Entries of one request. */
const pageSize = '500';

/** `florin statement`: what moved a balance in a period, from what to what. */
export function statement(program: Command): void {
  const command = program
    .command('statement <account> <asset>')
    .description('show what moved a balance in a period, from what to what')
    .option('--from <time>', 'the first instant, such as 2026-11-01T00:00:00Z; the beginning by default')
    .option('--to <time>', 'the last instant; the newest that is final by default')
    .addOption(new Option('--format <format>', 'what to write').choices(['table', 'jsonl', 'csv']).default('table'));
  command.action(async (account: string, assetText: string, { from, to, format }: StatementOptions) => {
    const { api, output } = contextOf(command);
    const asset = readAsset(assetText);
    const path = apiPath`/v1/accounts/${readAccountId(account)}/statements`;
    const query = { asset: assetInUrl(asset), from, to, limit: pageSize };
    const form = output.isJson ? 'jsonl' : format;
    if (form !== 'table') return writeFile(api, output, path, { ...query, format: form });
    const table = new Table(entryColumns);
    for await (const { value } of statementPages(api, path, query)) {
      if (value.isFirst) {
        await output.line(`Opening balance  ${majorText(BigInt(value.opening), asset)}  ${value.from ?? ''}`.trimEnd());
      }
      for (const line of table.lines(value.data)) await output.line(line);
      if (value.nextCursor === undefined) {
        await output.line(`Closing balance  ${majorText(BigInt(value.closing), asset)}  ${value.to}`);
      }
    }
  });
}

async function* statementPages(api: ApiClient, path: string, query: Query) {
  let cursor: string | undefined;
  let isFirst = true;
  do {
    const { value } = readAs(statementAnswer, (await api.get(path, { ...query, cursor })).body);
    yield { value: { ...value, isFirst } };
    cursor = value.nextCursor;
    isFirst = false;
  } while (cursor !== undefined);
}

/** The pages of a file, one after the other, as the API writes them. */
async function writeFile(api: ApiClient, output: Output, path: string, query: Query): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await api.getText(path, { ...query, cursor });
    await output.text(page.text);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

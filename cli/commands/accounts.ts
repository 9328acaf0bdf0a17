import type { Command } from 'commander';
import { type AssetCode, maxAccountIdLength } from '../../lib/ledger/index.ts';
import { majorText } from '../amount.ts';
import { readAs } from '../api/answer.ts';
import { type AccountAnswer, accountAnswer } from '../api/answers.ts';
import { atMost, pagesOf } from '../api/pages.ts';
import { apiPath } from '../api/paths.ts';
import { collectPair, readAccountId, readFloors, wholeNumber } from '../arguments.ts';
import { type Context, contextOf, sendChange } from '../context.ts';
import { type Column, Table } from '../output/table.ts';

interface CreateOptions {
  readonly unbounded?: true;
  readonly shards?: number;
  readonly floor?: Readonly<Record<string, string>>;
  readonly owner?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly key?: string;
}

/** What a change of status is called, and the status it leads to. */
const statusChanges = [
  { name: 'freeze', status: 'frozen', summary: 'let an account take no debits' },
  { name: 'unfreeze', status: 'active', summary: 'let a frozen account take debits again' },
  { name: 'close', status: 'closed', summary: 'close an empty account, for ever' },
] as const;

const keyOption = ['--key <key>', 'the idempotency key: repeats the request that had it'] as const;

const columns: readonly Column<AccountAnswer>[] = [
  { heading: 'ACCOUNT', cell: ({ id }) => id },
  { heading: 'STATUS', cell: ({ status }) => status },
  { heading: 'FLOORS', cell: floorsText },
  { heading: 'OWNER', cell: ({ owner }) => owner ?? '' },
  { heading: 'METADATA', cell: ({ metadata }) => pairs(metadata) },
  { heading: 'CREATED', cell: ({ createdAt }) => createdAt },
];

/** `florin accounts list`, `create`, `show`, `freeze`, `unfreeze` and `close`. */
export function accounts(program: Command): void {
  const group = program.command('accounts').description('who owns');
  addList(group);
  addCreate(group);
  addShow(group);
  for (const change of statusChanges) addStatusChange(group, change);
}

function addList(group: Command): void {
  const list = group
    .command('list')
    .description('list the accounts by id; a new one may take a moment to appear')
    .option('--limit <count>', 'how many at most; all by default', wholeNumber(1, 999_999_999));
  list.action(async ({ limit }: { limit?: number }) => {
    const { api, output } = contextOf(list);
    const pages = pagesOf(api, '/v1/accounts', {}, accountAnswer);
    await output.list(limit === undefined ? pages : atMost(limit, pages), columns);
  });
}

function addCreate(group: Command): void {
  const create = group
    .command('create [id]')
    .description(
      `create an account; without an id (at most ${maxAccountIdLength} characters) it gets one that follows from the key`,
    )
    .option('--unbounded', 'without a floor in any asset: a source of credits')
    .option('--shards <count>', 'spreads an unbounded account that takes very many postings', wholeNumber(2, 1_000))
    .option(
      '--floor <asset=amount>',
      'the lowest balance in an asset, such as USD/2=-500.00; may be given several times',
      collectPair,
    )
    .option('--owner <subject>', 'the subject of the tokens that may spend from it')
    .option('--metadata <name=value>', 'a value of your own; may be given several times', collectPair)
    .option(...keyOption);
  create.action(async (id: string | undefined, { floor, key, ...rest }: CreateOptions) => {
    const context = contextOf(create);
    const body = {
      ...rest,
      id: id === undefined ? undefined : readAccountId(id),
      floors: floor && readFloors(floor),
    };
    const answer = await sendChange(context, { method: 'POST', path: '/v1/accounts', body, key });
    await showAccount(context, answer.body);
  });
}

function addShow(group: Command): void {
  const show = group.command('show <id>').description('show an account');
  show.action(async (id: string) => {
    const context = contextOf(show);
    const { body } = await context.api.get(apiPath`/v1/accounts/${readAccountId(id)}`);
    await showAccount(context, body);
  });
}

function addStatusChange(group: Command, { name, status, summary }: (typeof statusChanges)[number]): void {
  const command = group
    .command(`${name} <id>`)
    .description(summary)
    .option(...keyOption);
  command.action(async (id: string, { key }: { key?: string }) => {
    const context = contextOf(command);
    const path = apiPath`/v1/accounts/${readAccountId(id)}`;
    const answer = await sendChange(context, { method: 'PATCH', path, body: { status }, key });
    await showAccount(context, answer.body);
  });
}

function showAccount({ output }: Context, body: unknown): Promise<void> {
  return output.one(readAs(accountAnswer, body), (account) => new Table(columns).lines([account]));
}

function floorsText({ unbounded, floors, shards = 1 }: AccountAnswer): string {
  if (unbounded) return shards > 1 ? `unbounded, ${shards} shards` : 'unbounded';
  const texts = Object.entries(floors).map(([asset, floor]) => [asset, majorText(BigInt(floor), asset as AssetCode)]);
  return pairs(Object.fromEntries(texts));
}

function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

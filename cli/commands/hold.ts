import type { Command } from 'commander';
import { majorText, readAmount, readAsset } from '../amount.ts';
import { readAs } from '../api/answer.ts';
import { type HoldAnswer, holdAnswer, transactionAnswer } from '../api/answers.ts';
import { apiPath } from '../api/paths.ts';
import { collectPair, readAccountId, readRecordId, wholeNumber } from '../arguments.ts';
import { type Context, contextOf, sendChange } from '../context.ts';
import { type Column, Table } from '../output/table.ts';
import { transactionLines } from '../output/transaction-lines.ts';
import { asyncOption } from './money-options.ts';

interface CreateOptions {
  readonly expiresAt?: string;
  readonly expiresIn?: number;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly key?: string;
}

interface CaptureOptions {
  readonly async?: true;
  readonly amount?: string;
  readonly final?: true;
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly key?: string;
}

const longestHoldSeconds = 31 * 24 * 3_600;

const keyOption = ['--key <key>', 'the idempotency key: repeats the request that had it'] as const;
const metadataOption = ['--metadata <name=value>', 'a value of your own; may be given several times'] as const;

const columns: readonly Column<HoldAnswer>[] = [
  { heading: 'HOLD', cell: ({ id }) => id },
  { heading: 'STATUS', cell: ({ status }) => status },
  { heading: 'ACCOUNT', cell: ({ account }) => account },
  { heading: 'ASSET', cell: ({ asset }) => asset },
  { heading: 'AMOUNT', cell: ({ amount, asset }) => majorText(BigInt(amount), asset), isNumber: true },
  { heading: 'CAPTURED', cell: ({ captured, asset }) => majorText(BigInt(captured), asset), isNumber: true },
  { heading: 'REMAINING', cell: ({ remaining, asset }) => majorText(BigInt(remaining), asset), isNumber: true },
  { heading: 'EXPIRES', cell: ({ expiresAt }) => expiresAt },
];

/** `florin hold create`, `show`, `capture` and `void`. */
export function hold(program: Command): void {
  const group = program.command('hold').description('reserve an amount now, and post it later');
  addCreate(group);
  addShow(group);
  addCapture(group);
  addVoid(group);
}

function addCreate(group: Command): void {
  const create = group
    .command('create <account> <asset> <amount>')
    .description('reserve an amount of an account; for a week unless said otherwise')
    .option('--expires-at <time>', 'when it ends by itself, such as 2026-11-21T10:00:00Z')
    .option('--expires-in <seconds>', 'how long it lasts', wholeNumber(1, longestHoldSeconds))
    .option('--description <text>', 'what it is for')
    .option(...metadataOption, collectPair)
    .option(...keyOption);
  create.action(async (account: string, assetText: string, amount: string, options: CreateOptions) => {
    const { key, expiresIn: expiresInSeconds, ...rest } = options;
    const asset = readAsset(assetText);
    const body = {
      account: readAccountId(account),
      asset,
      amount: readAmount(amount, asset).toString(),
      expiresInSeconds,
      ...rest,
    };
    const context = contextOf(create);
    const answer = await sendChange(context, { method: 'POST', path: '/v1/holds', body, key });
    await showHold(context, answer.body);
  });
}

function addShow(group: Command): void {
  const show = group.command('show <id>').description('show a hold');
  show.action(async (id: string) => {
    const context = contextOf(show);
    await showHold(context, (await context.api.get(holdPath(id))).body);
  });
}

function addCapture(group: Command): void {
  const capture = group
    .command('capture <id> <destination>')
    .description('post what a hold reserves, or a part of it')
    .option('--amount <amount>', 'a part of it; all that remains by default')
    .option('--final', 'give back what remains after it')
    .option('--description <text>', 'what it is for')
    .option(...metadataOption, collectPair)
    .option(...asyncOption)
    .option(...keyOption);
  capture.action(async (id: string, destination: string, options: CaptureOptions) => {
    const { key, amount, async: isAsync = false, ...rest } = options;
    const context = contextOf(capture);
    const body = {
      destination: readAccountId(destination),
      amount: amount === undefined ? undefined : await amountOfHold(context, id, amount),
      ...rest,
    };
    const answer = await sendChange(context, { method: 'POST', path: `${holdPath(id)}/captures`, body, key, isAsync });
    await context.output.one(readAs(transactionAnswer, answer.body), transactionLines);
  });
}

function addVoid(group: Command): void {
  const command = group
    .command('void <id>')
    .description('end a hold, and give back what remains of it')
    .option(...keyOption);
  command.action(async (id: string, { key }: { key?: string }) => {
    const context = contextOf(command);
    const answer = await sendChange(context, { method: 'POST', path: `${holdPath(id)}/void`, body: undefined, key });
    await showHold(context, answer.body);
  });
}

/** An amount may be in major units, whose scale is that of the hold's asset. */
async function amountOfHold({ api }: Context, id: string, amount: string): Promise<string> {
  const { value } = readAs(holdAnswer, (await api.get(holdPath(id))).body);
  return readAmount(amount, value.asset).toString();
}

function holdPath(id: string): string {
  return apiPath`/v1/holds/${readRecordId(id)}`;
}

function showHold({ output }: Context, body: unknown): Promise<void> {
  return output.one(readAs(holdAnswer, body), (each) => new Table(columns).lines([each]));
}

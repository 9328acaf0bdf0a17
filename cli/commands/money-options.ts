import type { Command } from 'commander';
import { readAs } from '../api/answer.ts';
import { transactionAnswer } from '../api/answers.ts';
import { collectPair } from '../arguments.ts';
import { type Context, sendChange } from '../context.ts';
import { transactionLines } from '../output/transaction-lines.ts';

/** What every command that moves money can be given. */
export interface MoneyOptions {
  readonly description?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly async?: boolean;
}

export const asyncOption = ['--async', 'be answered when it is accepted; it is executed in the background'] as const;

export function addMoneyOptions(command: Command): Command {
  return command
    .option('--description <text>', 'what it is for')
    .option('--metadata <name=value>', 'a value of your own; may be given several times', collectPair)
    .option('--key <key>', 'the idempotency key: repeats the request that had it')
    .option(...asyncOption)
    .option('--dry-run', 'tell what would happen, and write nothing');
}

/** Sends a movement of money and shows the transaction. */
export async function moveMoney(context: Context, path: string, body: object, options: MoneyOptions): Promise<void> {
  const { description, metadata, key, dryRun = false, async: isAsync = false } = options;
  const answer = await sendChange(context, {
    method: 'POST',
    path: dryRun ? `${path}?dryRun=true` : path,
    body: { ...body, description, metadata },
    key,
    isDryRun: dryRun,
    isAsync: isAsync && !dryRun,
  });
  await context.output.one(readAs(transactionAnswer, answer.body), transactionLines);
}

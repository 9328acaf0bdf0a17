import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Read, readAs } from '../api/answer.ts';
import { type TransactionAnswer, transactionAnswer } from '../api/answers.ts';
import { apiPath } from '../api/paths.ts';
import { pauseBefore } from '../api/retry.ts';
import { readRecordId } from '../arguments.ts';
import { type Context, contextOf } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { transactionLines } from '../output/transaction-lines.ts';

/** `florin transaction`: one transaction, on request when it has come to its end. */
export function transaction(program: Command): void {
  const command = program
    .command('transaction <id>')
    .description('show a transaction')
    .option('--wait', 'wait until it is no longer pending; the exit code says whether it is posted');
  command.action(async (id: string, { wait = false }: { readonly wait?: boolean }) => {
    const context = contextOf(command);
    const path = apiPath`/v1/transactions/${readRecordId(id)}`;
    const read = wait ? await awaitEnd(context, path) : await readTransaction(context, path);
    await context.output.one(read, transactionLines);
    if (wait) judge(id, read.value);
  });
}

/** Asks again and again, less and less often, until it is no longer pending or the time is up. */
async function awaitEnd(context: Context, path: string): Promise<Read<TransactionAnswer>> {
  const giveUpAt = performance.now() + context.timeoutMs;
  for (let attempt = 0; ; attempt++) {
    const read = await readTransaction(context, path);
    const pauseMs = pauseBefore(attempt, 0, Math.random);
    if (read.value.status !== 'pending' || performance.now() + pauseMs >= giveUpAt) return read;
    await sleep(pauseMs);
  }
}

async function readTransaction({ api }: Context, path: string): Promise<Read<TransactionAnswer>> {
  return readAs(transactionAnswer, (await api.get(path)).body);
}

/** @throws Failure (declined, unavailable) where it was waited for, and is not posted */
function judge(id: string, { status, reason }: TransactionAnswer): void {
  if (status === 'posted') return;
  if (status === 'pending') throw new Failure(exitCodes.unavailable, `${id} still waits for its turn.`);
  throw new Failure(exitCodes.declined, `${id} was not posted: it is ${[status, reason].filter(Boolean).join(', ')}.`);
}

import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import * as z from 'zod';
import { readAmount, readAsset } from '../amount.ts';
import { readAs } from '../api/answer.ts';
import { transactionAnswer } from '../api/answers.ts';
import { contextOf, sendChange } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { transactionLines } from '../output/transaction-lines.ts';
import { asyncOption } from './money-options.ts';

interface BatchOptions {
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly async?: boolean;
}

const batchAnswer = z.looseObject({ id: z.string().optional(), transactions: z.array(transactionAnswer) });

/** What moves an amount, wherever it stands: the API looks at the rest. */
const movement = z.looseObject({ asset: z.string(), amount: z.union([z.string(), z.int()]) });
const member = z.union([z.looseObject({ postings: z.array(movement) }), movement]);

/** `florin batch`: several transactions from a file, all or none. */
export function batch(program: Command): void {
  const command = program
    .command('batch <file>')
    .description('post several transactions, all or none: a line of JSON for each transfer or transaction')
    .option('--key <key>', 'the idempotency key: repeats the request that had it')
    .option(...asyncOption)
    .option('--dry-run', 'tell what would happen, and write nothing');
  command.action(async (file: string, { key, dryRun = false, async: isAsync = false }: BatchOptions) => {
    const context = contextOf(command);
    const answer = await sendChange(context, {
      method: 'POST',
      path: dryRun ? '/v1/batches?dryRun=true' : '/v1/batches',
      body: { transactions: readMembers(file) },
      key,
      isDryRun: dryRun,
      isAsync: isAsync && !dryRun,
    });
    if (answer.status === 202) return context.output.one(readAs(transactionAnswer, answer.body), transactionLines);
    await context.output.one(readAs(batchAnswer, answer.body), function* ({ id, transactions }) {
      if (id !== undefined) yield `batch ${id}`;
      for (const transaction of transactions) yield* transactionLines(transaction);
    });
  });
}

function readMembers(file: string): unknown[] {
  const members: unknown[] = [];
  for (const [index, line] of readText(file).split('\n').entries()) {
    if (line.trim() !== '') members.push(readMember(line, `Line ${index + 1} of ${file}`));
  }
  return members;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw usageFailure(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Amounts become minor units; everything else goes to the API as it is. */
function readMember(line: string, place: string): unknown {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch (error) {
    throw usageFailure(`${place} is not JSON: ${(error as Error).message}`);
  }
  const parsed = member.safeParse(content);
  if (!parsed.success) throw usageFailure(`${place} has neither asset and amount nor postings with them.`);
  const { postings, ...rest } = parsed.data as z.output<typeof movement> & { postings?: z.output<typeof movement>[] };
  return postings ? { ...rest, postings: postings.map(inMinorUnits) } : inMinorUnits(rest);
}

function inMinorUnits(each: z.output<typeof movement>): object {
  const asset = readAsset(each.asset);
  return { ...each, asset, amount: readAmount(String(each.amount), asset).toString() };
}

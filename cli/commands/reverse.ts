import type { Command } from 'commander';
import { readAmount } from '../amount.ts';
import { readAs } from '../api/answer.ts';
import { transactionAnswer } from '../api/answers.ts';
import { apiPath } from '../api/paths.ts';
import { readRecordId } from '../arguments.ts';
import { type Context, contextOf } from '../context.ts';
import { usageFailure } from '../failure.ts';
import { addMoneyOptions, type MoneyOptions, moveMoney } from './money-options.ts';

interface ReverseOptions extends MoneyOptions {
  readonly amount?: string;
  readonly allowOverdraft?: true;
}

/** `florin reverse`: moves back what a transaction moved, whole or in part. */
export function reverse(program: Command): void {
  const command = program
    .command('reverse <id>')
    .description('reverse a transaction, or a part of it')
    .option('--amount <amount>', 'a part, of a transaction with one posting; all that remains by default')
    .option('--allow-overdraft', 'even if accounts are left below their floors');
  addMoneyOptions(command).action(async (id: string, { amount, allowOverdraft, ...options }: ReverseOptions) => {
    const context = contextOf(command);
    const path = apiPath`/v1/transactions/${readRecordId(id)}`;
    const body = {
      amount: amount === undefined ? undefined : await amountOf(context, path, amount),
      allowOverdraft,
    };
    await moveMoney(context, `${path}/reversals`, body, options);
  });
}

/** An amount may be in major units, whose scale is that of the transaction's only asset. */
async function amountOf({ api }: Context, path: string, amount: string): Promise<string> {
  const { value } = readAs(transactionAnswer, (await api.get(path)).body);
  // Fees are postings of the same asset behind the first.
  const [asset, ...others] = new Set(value.postings?.map((posting) => posting.asset));
  if (asset === undefined || others.length > 0) {
    throw usageFailure(
      'The transaction has postings in several assets, or none yet: it can only be reversed as a whole.',
    );
  }
  return readAmount(amount, asset).toString();
}

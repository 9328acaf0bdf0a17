import type { Command } from 'commander';
import { readAs } from '../api/answer.ts';
import { transactionAnswer } from '../api/answers.ts';
import { apiPath } from '../api/paths.ts';
import { readRecordId } from '../arguments.ts';
import { contextOf } from '../context.ts';
import { transactionLines } from '../output/transaction-lines.ts';

/** `florin transaction`: one transaction. */
export function transaction(program: Command): void {
  const command = program.command('transaction <id>').description('show a transaction');
  command.action(async (id: string) => {
    const { api, output } = contextOf(command);
    const { body } = await api.get(apiPath`/v1/transactions/${readRecordId(id)}`);
    await output.one(readAs(transactionAnswer, body), transactionLines);
  });
}

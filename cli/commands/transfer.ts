import type { Command } from 'commander';
import { readAmount, readAsset } from '../amount.ts';
import { readAccountId } from '../arguments.ts';
import { contextOf } from '../context.ts';
import { addMoneyOptions, type MoneyOptions, moveMoney } from './money-options.ts';

/** `florin transfer`: an amount from one account to another. */
export function transfer(program: Command): void {
  const command = program
    .command('transfer <source> <destination> <asset> <amount>')
    .description('move an amount from one account to another');
  addMoneyOptions(command).action(
    async (source: string, destination: string, assetText: string, amount: string, options: MoneyOptions) => {
      const asset = readAsset(assetText);
      const body = {
        source: readAccountId(source),
        destination: readAccountId(destination),
        asset,
        amount: readAmount(amount, asset).toString(),
      };
      await moveMoney(contextOf(command), '/v1/transfers', body, options);
    },
  );
}

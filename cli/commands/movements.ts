import type { Command } from 'commander';
import { readAmount, readAsset } from '../amount.ts';
import { apiPath } from '../api/paths.ts';
import { readAccountId } from '../arguments.ts';
import { contextOf } from '../context.ts';
import { addMoneyOptions, type MoneyOptions, moveMoney } from './money-options.ts';

/** The named movements: each is a command, with the last part of its path. */
const movementKinds = [
  { name: 'deposit', collection: 'deposits', summary: 'from system:external to an account' },
  { name: 'withdraw', collection: 'withdrawals', summary: 'from an account to system:external' },
  { name: 'top-up', collection: 'top-ups', summary: 'from system:treasury to an account' },
  { name: 'bonus', collection: 'bonuses', summary: 'from system:treasury to an account, as a bonus' },
  { name: 'spend', collection: 'spends', summary: 'from an account to system:revenue' },
] as const;

/** `florin deposit`, `withdraw`, `top-up`, `bonus` and `spend`. */
export function movements(program: Command): void {
  for (const { name, collection, summary } of movementKinds) {
    const command = program.command(`${name} <account> <asset> <amount>`).description(summary);
    addMoneyOptions(command).action(
      async (account: string, assetText: string, amount: string, options: MoneyOptions) => {
        const asset = readAsset(assetText);
        const body = { asset, amount: readAmount(amount, asset).toString() };
        const path = apiPath`/v1/accounts/${readAccountId(account)}/${collection}`;
        await moveMoney(contextOf(command), path, body, options);
      },
    );
  }
}

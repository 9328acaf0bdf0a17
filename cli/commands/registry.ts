import type { Command } from 'commander';
import { accounts } from './accounts.ts';
import { assets } from './assets.ts';
import { audit } from './audit.ts';
import { balance } from './balance.ts';
import { exportEntries } from './export.ts';
import { history } from './history.ts';
import { importLedger } from './import.ts';
import { movements } from './movements.ts';
import { transaction } from './transaction.ts';
import { transfer } from './transfer.ts';

/** Adds a command, or a few of a kind, to the program. */
export type AddCommand = (program: Command) => void;

/** All commands, in the order in which the help shows them. */
export const commands: readonly AddCommand[] = [
  accounts,
  assets,
  transfer,
  movements,
  balance,
  history,
  transaction,
  importLedger,
  exportEntries,
  audit,
];

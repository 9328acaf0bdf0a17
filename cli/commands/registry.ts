import type { Command } from 'commander';
import { accounts } from './accounts.ts';
import { assets } from './assets.ts';
import { audit } from './audit.ts';
import { auditLog } from './audit-log.ts';
import { balance } from './balance.ts';
import { batch } from './batch.ts';
import { clients } from './clients.ts';
import { events } from './events.ts';
import { exportEntries } from './export.ts';
import { history } from './history.ts';
import { hold } from './hold.ts';
import { importLedger } from './import.ts';
import { journal } from './journal.ts';
import { movements } from './movements.ts';
import { pending } from './pending.ts';
import { redact } from './redact.ts';
import { reverse } from './reverse.ts';
import { statement } from './statement.ts';
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
  hold,
  reverse,
  batch,
  balance,
  history,
  statement,
  transaction,
  pending,
  importLedger,
  exportEntries,
  audit,
  auditLog,
  clients,
  events,
  journal,
  redact,
];

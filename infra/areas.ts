import { ledgerTable, type SparseIndex } from '../lib/config/ledger-table.ts';
import type { routes } from '../lib/http/routes.ts';
import type { LedgerAction } from './ledger-access.ts';

/** A part of the API that one function serves. */
export type Area = (typeof routes)[number]['area'];

/** What the function of an area may touch. */
export interface AreaNeeds {
  readonly description: string;
  readonly ledgerActions: readonly LedgerAction[];
  readonly ledgerIndexes: readonly SparseIndex[];
  /** Whether its mutations are replayed from the idempotency table. */
  readonly replays: boolean;
  /** Whether any of its routes asks for credentials. */
  readonly checksAccess: boolean;
  /** Whether it moves money, so that a release of it is tried on a few requests first. */
  readonly movesMoney: boolean;
}

/**
 * Every area of the route table; one that is missing here does not compile. The actions are those that a test sees the functions use,
 * no more: when one is missing, that test says so.
 */
export const areas: Readonly<Record<Area, AreaNeeds>> = {
  assets: {
    description: 'Registers and lists assets',
    ledgerActions: ['dynamodb:Query', 'dynamodb:PutItem'],
    ledgerIndexes: [],
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  accounts: {
    description: 'Opens and changes accounts; reads accounts, balances and entries',
    ledgerActions: [
      'dynamodb:GetItem',
      'dynamodb:BatchGetItem',
      'dynamodb:Query',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
    ],
    ledgerIndexes: [ledgerTable.indexes.accountsByTenant],
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  transactions: {
    description: 'Posts transactions and reads them back',
    ledgerActions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    // Before it is declined for want of funds, what expired holds keep back is released.
    ledgerIndexes: [ledgerTable.indexes.due],
    replays: false,
    checksAccess: true,
    movesMoney: true,
  },
  holds: {
    description: 'Reserves, captures and releases amounts; reads holds',
    ledgerActions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    ledgerIndexes: [ledgerTable.indexes.due],
    replays: false,
    checksAccess: true,
    movesMoney: true,
  },
  fees: {
    description: 'Makes and reads the versions of the fee schedule',
    ledgerActions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem'],
    ledgerIndexes: [],
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  reports: {
    description: 'Tells statements, exports, trial balances and what the self-audit found',
    ledgerActions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
    ledgerIndexes: [ledgerTable.indexes.accountsByTenant],
    replays: false,
    checksAccess: true,
    movesMoney: false,
  },
  documents: {
    description: 'Serves the health check, the OpenAPI document and the API reference',
    ledgerActions: [],
    ledgerIndexes: [],
    replays: false,
    checksAccess: false,
    movesMoney: false,
  },
};

import { ledgerTable } from '../lib/config/ledger-table.ts';
import type { routes } from '../lib/http/routes.ts';
import { apiKeyPrefix } from '../lib/platform/keys.ts';
import type { FunctionNeeds, TableNeeds } from './function-needs.ts';
import { auditLogs, clients, deadLetters, deliveries, monitors, webhooks } from './platform-partitions.ts';
import type { NarrowActions } from './table-access.ts';

/** A part of the API that one function serves. */
export type Area = (typeof routes)[number]['area'];

/** What it takes to record an act: to see where the log ends, and to add to it. Nobody may change or delete what is there. */
const recordsActs: NarrowActions = { actions: ['dynamodb:Query', 'dynamodb:PutItem'], partitionKeys: [auditLogs] };

/** What it takes of the ledger to move money, or to reserve it. */
const movesMoneyInLedger: TableNeeds = {
  actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
  // Before a command is declined for want of funds, what expired holds keep back is released.
  indexes: [ledgerTable.indexes.due],
};

/** What the function of an area may touch, and how it is treated. */
export interface AreaNeeds extends FunctionNeeds {
  /** Whether any of its routes asks for credentials. */
  readonly checksAccess: boolean;
  /** Whether it makes API keys, and so has to know what they begin with. */
  readonly makesKeys?: boolean;
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
    ledger: {
      actions: ['dynamodb:Query', 'dynamodb:PutItem'],
    },
    platform: { actions: [], narrowActions: [recordsActs] },
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  accounts: {
    description: 'Opens and changes accounts; reads accounts, balances and entries',
    ledger: {
      actions: [
        'dynamodb:GetItem',
        'dynamodb:BatchGetItem',
        'dynamodb:Query',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
      ],
      indexes: [ledgerTable.indexes.accountsByTenant],
    },
    platform: { actions: [], narrowActions: [recordsActs] },
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  transactions: {
    description: 'Posts transactions and reads them back',
    ledger: movesMoneyInLedger,
    platform: { actions: [], narrowActions: [recordsActs] },
    sendsTo: ['lines'],
    checksAccess: true,
    movesMoney: true,
  },
  holds: {
    description: 'Reserves, captures and releases amounts; reads holds',
    ledger: movesMoneyInLedger,
    sendsTo: ['lines'],
    checksAccess: true,
    movesMoney: true,
  },
  fees: {
    description: 'Makes and reads the versions of the fee schedule',
    ledger: {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem'],
    },
    platform: { actions: [], narrowActions: [recordsActs] },
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  reports: {
    description: 'Tells statements, exports, trial balances and what the self-audit found',
    ledger: {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
      indexes: [ledgerTable.indexes.accountsByTenant],
    },
    platform: { actions: [], narrowActions: [recordsActs] },
    checksAccess: true,
    movesMoney: false,
  },
  events: {
    description: 'Tells what happened, in the order of the journal',
    ledger: {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
    },
    checksAccess: true,
    movesMoney: false,
  },
  webhooks: {
    description: 'Makes and changes webhooks; tells what was delivered, and delivers it again',
    ledger: { actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'] },
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], partitionKeys: [webhooks, deliveries] },
        { actions: ['dynamodb:Query', 'dynamodb:PutItem'], partitionKeys: [webhooks, deliveries, auditLogs] },
      ],
    },
    sendsTo: ['deliveries'],
    secrets: ['seal'],
    callsOut: true,
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  monitors: {
    description: 'Makes and changes the monitors of balances, and tells their states',
    ledger: { actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:ConditionCheckItem'] },
    platform: {
      actions: [],
      narrowActions: [
        {
          actions: [
            'dynamodb:GetItem',
            'dynamodb:Query',
            'dynamodb:PutItem',
            'dynamodb:DeleteItem',
            'dynamodb:ConditionCheckItem',
          ],
          partitionKeys: [monitors],
        },
      ],
    },
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  admin: {
    description: 'Tells the dead letters, brings them back to work or discards them',
    ledger: {
      actions: [
        'dynamodb:GetItem',
        'dynamodb:BatchGetItem',
        'dynamodb:Query',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
      ],
    },
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:BatchGetItem', 'dynamodb:UpdateItem'], partitionKeys: deadLetters },
        { actions: ['dynamodb:Query'], partitionKeys: [...deadLetters, auditLogs] },
        { actions: ['dynamodb:PutItem'], partitionKeys: [auditLogs] },
      ],
    },
    sendsTo: ['lines', 'journal', 'publication', 'webhookEvents', 'deliveries', 'balanceEvents'],
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  audit: {
    description: 'Tells and exports the audit log',
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'], partitionKeys: [auditLogs] },
      ],
    },
    checksAccess: true,
    movesMoney: false,
  },
  clients: {
    description: 'Makes and changes API clients, exchanges and revokes their keys',
    platform: {
      actions: [],
      narrowActions: [
        {
          actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
          partitionKeys: [clients],
        },
        {
          actions: ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
          partitionKeys: [`${apiKeyPrefix}*`],
        },
        recordsActs,
      ],
    },
    replays: true,
    makesKeys: true,
    checksAccess: true,
    movesMoney: false,
  },
  privacy: {
    description: 'Removes personal data from transactions, holds and accounts',
    ledger: {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:UpdateItem'],
      narrowActions: [{ actions: ['dynamodb:PutItem'], partitionKeys: ['T#*#C#*'] }],
    },
    platform: { actions: [], narrowActions: [recordsActs] },
    replays: true,
    checksAccess: true,
    movesMoney: false,
  },
  documents: {
    description: 'Serves the health check, the OpenAPI document and the API reference',
    checksAccess: false,
    movesMoney: false,
  },
};

import { auditPrefix, ledgerTable, platformTable } from '../lib/config/ledger-table.ts';
import type { FunctionNeeds } from './function-needs.ts';
import {
  cursors,
  deadLetters,
  deadLettersOfTenants,
  deliveries,
  failureNotes,
  monitors,
  webhooks,
} from './platform-partitions.ts';
import type { QueueName } from './queue-list.ts';
import type { NarrowActions } from './table-access.ts';

/** What it takes to note what a message fails with: the note, or the dead letter that was kept of it meanwhile. */
const notesFailures: NarrowActions = {
  actions: ['dynamodb:UpdateItem'],
  partitionKeys: [failureNotes, ...deadLetters],
};

/** What makes a worker work. */
export type Waking = ScheduleWaking | QueueWaking | DeadLetterWaking | StreamWaking;

/** The clock, whether there is anything to do or not. */
export interface ScheduleWaking {
  readonly by: 'schedule';
  readonly everyMinutes: number;
}

/** Messages of a queue, ten at the most at a time. It answers which of them failed, and may put off their return. */
export interface QueueWaking {
  readonly by: 'queue';
  readonly queue: QueueName;
  /** Batches at once, 2 to 1,000: a bound on the queue's part of the account's concurrency. */
  readonly maximumConcurrency: number;
}

/** The dead letters of every queue and of the stream. */
export interface DeadLetterWaking {
  readonly by: 'deadLetters';
}

/** What was written to the ledger table, as far as the filters of `stream-filters.ts` let it through. There is one such worker: a stream serves two readers at the most. */
export interface StreamWaking {
  readonly by: 'ledgerStream';
}

/** What the function of a worker may touch, and when it works. */
export interface WorkerNeeds extends FunctionNeeds {
  readonly wokenBy: Waking;
  /** After this it is stopped; a run ends by itself well before. One that a queue wakes has the time of that queue. */
  readonly timeoutSeconds?: number;
  /** Whether it asks for the feature flags. */
  readonly obeysFlags: boolean;
}

/** Every worker: a function that no request calls, in a file of its name in `functions/workers`. */
export const workers = {
  'audit-ledger': {
    description: 'Verifies the ledger while it is written to, a slice at a time',
    wokenBy: { by: 'schedule', everyMinutes: 5 },
    timeoutSeconds: 60,
    ledger: {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:Scan'],
      narrowActions: [{ actions: ['dynamodb:PutItem'], partitionKeys: [auditPrefix, `${auditPrefix}#*`] }],
      scannedIndexes: [ledgerTable.indexes.accountsByTenant],
    },
    obeysFlags: true,
  },
  'release-expired-holds': {
    description: 'Releases the holds whose time is over',
    wokenBy: { by: 'schedule', everyMinutes: 1 },
    timeoutSeconds: 50,
    ledger: {
      actions: ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      indexes: [ledgerTable.indexes.due],
    },
    obeysFlags: true,
  },
  'dispatch-wake-ups': {
    description: 'Wakes the workers by what the ledger stream tells',
    wokenBy: { by: 'ledgerStream' },
    sendsTo: ['lines', 'journal'],
    obeysFlags: true,
  },
  'process-transfers': {
    description: 'Executes what waits in the lines of accounts',
    wokenBy: { by: 'queue', queue: 'lines', maximumConcurrency: 50 },
    ledger: {
      actions: ['dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      // Whoever had his turn leaves the line.
      narrowActions: [{ actions: ['dynamodb:DeleteItem'], partitionKeys: ['T#*#L#*'] }],
      indexes: [ledgerTable.indexes.due],
    },
    platform: {
      actions: [],
      // Whoever is given up leaves a dead letter in the same write.
      narrowActions: [{ actions: ['dynamodb:PutItem'], partitionKeys: [deadLettersOfTenants] }, notesFailures],
    },
    sendsTo: ['lines'],
    obeysFlags: true,
  },
  'wake-pending-transfers': {
    description: 'Wakes the lines in which something waits for too long',
    wokenBy: { by: 'schedule', everyMinutes: 1 },
    timeoutSeconds: 50,
    ledger: { actions: [], indexes: [ledgerTable.indexes.due] },
    sendsTo: ['lines'],
    obeysFlags: true,
  },
  'append-journal': {
    description: 'Appends what happened to the journals of tenants',
    wokenBy: { by: 'queue', queue: 'journal', maximumConcurrency: 10 },
    ledger: {
      actions: ['dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    },
    platform: { actions: [], narrowActions: [notesFailures] },
    sendsTo: ['journal', 'publication'],
    obeysFlags: true,
  },
  'publish-events': {
    description: 'Publishes the journals of tenants to the topic of events',
    wokenBy: { by: 'queue', queue: 'publication', maximumConcurrency: 10 },
    ledger: { actions: ['dynamodb:BatchGetItem', 'dynamodb:Query'] },
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:GetItem'], partitionKeys: [cursors] },
        { actions: ['dynamodb:UpdateItem'], partitionKeys: [cursors, ...notesFailures.partitionKeys] },
      ],
    },
    sendsTo: ['publication'],
    publishes: true,
    obeysFlags: true,
  },
  'watch-balances': {
    description: 'Looks at the balances that events touched, and tells their monitors',
    wokenBy: { by: 'queue', queue: 'balanceEvents', maximumConcurrency: 10 },
    ledger: {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:ConditionCheckItem'],
      // A threshold that was crossed is recorded for the journal.
      narrowActions: [{ actions: ['dynamodb:PutItem'], partitionKeys: ['T#*#C#*'] }],
    },
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'], partitionKeys: [monitors] },
        notesFailures,
      ],
    },
    obeysFlags: true,
  },
  'keep-dead-letters': {
    description: 'Keeps what comes out of the queues of dead letters',
    wokenBy: { by: 'deadLetters' },
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], partitionKeys: [failureNotes] },
        { actions: ['dynamodb:PutItem'], partitionKeys: deadLetters },
      ],
    },
    obeysFlags: true,
  },
  'fan-out-webhooks': {
    description: 'Makes deliveries of published events, one for each webhook that wants it',
    wokenBy: { by: 'queue', queue: 'webhookEvents', maximumConcurrency: 10 },
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:Query'], partitionKeys: [webhooks] },
        { actions: ['dynamodb:PutItem'], partitionKeys: [deliveries] },
        notesFailures,
      ],
    },
    sendsTo: ['deliveries'],
    obeysFlags: true,
  },
  'deliver-webhooks': {
    description: 'Makes attempts to deliver events to webhooks',
    // Receivers may be slow, and an attempt waits for 15 s: this bounds how much of the account they can hold.
    wokenBy: { by: 'queue', queue: 'deliveries', maximumConcurrency: 20 },
    ledger: {
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
      // An endpoint that is switched off is recorded for the journal.
      narrowActions: [{ actions: ['dynamodb:PutItem'], partitionKeys: ['T#*#C#*'] }],
    },
    platform: {
      actions: [],
      narrowActions: [
        { actions: ['dynamodb:GetItem'], partitionKeys: [webhooks, deliveries] },
        { actions: ['dynamodb:PutItem'], partitionKeys: [deliveries] },
        { actions: ['dynamodb:UpdateItem'], partitionKeys: [webhooks, deliveries, ...notesFailures.partitionKeys] },
      ],
    },
    sendsTo: ['deliveries'],
    secrets: ['open'],
    callsOut: true,
    obeysFlags: true,
  },
  'wake-due-deliveries': {
    description: 'Wakes the deliveries to webhooks whose next attempt is due',
    wokenBy: { by: 'schedule', everyMinutes: 1 },
    timeoutSeconds: 50,
    platform: { actions: [], indexes: [platformTable.indexes.due] },
    sendsTo: ['deliveries'],
    obeysFlags: true,
  },
} as const satisfies Readonly<Record<string, WorkerNeeds>>;

export type Worker = keyof typeof workers;

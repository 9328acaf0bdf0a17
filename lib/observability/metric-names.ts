import type { RejectionReason } from '../ledger/errors.ts';

/**
 * The metrics of the service, defined once: what a function writes, what alarms and dashboards read, and what the
 * documents list. A name or a dimension here is part of what is stored in CloudWatch: changing one starts a new series.
 */

/** A metric's unit, as CloudWatch names it. */
export type MetricUnit = 'Count' | 'Milliseconds';

export interface MetricDefinition {
  readonly name: string;
  readonly unit: MetricUnit;
  /** Beside `service`, which every metric has. Empty: `service` alone. */
  readonly dimensions: readonly string[];
  readonly meaning: string;
}

/** The dimension of every metric: the function, as `POWERTOOLS_SERVICE_NAME` names it. */
export const serviceDimension = 'service';

export const metrics = {
  requests: {
    name: 'Requests',
    unit: 'Count',
    dimensions: ['operation'],
    meaning: 'Requests answered, whatever the answer.',
  },
  latency: {
    name: 'Latency',
    unit: 'Milliseconds',
    dimensions: ['operation'],
    meaning: 'Time in the handler, from the event to the answer.',
  },
  errors: {
    name: 'Errors',
    unit: 'Count',
    dimensions: ['code'],
    meaning: 'Requests answered with a problem document, by its code.',
  },
  faults: {
    name: 'Faults',
    unit: 'Count',
    dimensions: [],
    meaning:
      'One value a request: 1 if it was answered with a status of 500 or above, or not at all because the handler threw, else 0. So its sum counts faults and its average is their rate.',
  },
  accessOutages: {
    name: 'AccessOutages',
    unit: 'Count',
    dimensions: [],
    meaning:
      'Minutes in which an instance could not ask what the access check asks: for allowances of clients, or for the keys of an issuer of tokens. It goes on with what it knows.',
  },
  transactions: {
    name: 'Transactions',
    unit: 'Count',
    dimensions: ['type', 'outcome'],
    meaning: 'Transactions settled by this request: posted, or declined for the reason named. A replay is none.',
  },
  replays: {
    name: 'Replays',
    unit: 'Count',
    dimensions: ['operation'],
    meaning: 'Requests answered with the stored answer of an earlier request with the same key.',
  },
  keyConflicts: {
    name: 'KeyConflicts',
    unit: 'Count',
    dimensions: ['operation'],
    meaning: 'Requests refused because their key belongs to another request.',
  },
  commitAttempts: {
    name: 'CommitAttempts',
    unit: 'Count',
    dimensions: [],
    meaning:
      'Writes sent for a command until it was committed, or given up. All but the last failed. A replay gives no value.',
  },
  auditedEntries: {
    name: 'AuditedEntries',
    unit: 'Count',
    dimensions: [],
    meaning: 'Entries that a run of the self-audit verified, for the first time or again.',
  },
  auditFindings: {
    name: 'AuditFindings',
    unit: 'Count',
    dimensions: [],
    meaning: 'Damage known at the end of a run of the self-audit. 0 in sound books.',
  },
  holdsReleased: {
    name: 'HoldsReleased',
    unit: 'Count',
    dimensions: [],
    meaning: 'Holds that a run of the sweep released, since their time was over.',
  },
  holdOverdue: {
    name: 'HoldOverdue',
    unit: 'Milliseconds',
    dimensions: [],
    meaning: 'How long the hold that waited longest had been over when a run of the sweep began; 0 where none waited.',
  },
  accepted: {
    name: 'Accepted',
    unit: 'Count',
    dimensions: ['operation'],
    meaning: 'Transactions that this request put into a line, to be executed in their turn.',
  },
  applied: {
    name: 'Applied',
    unit: 'Count',
    dimensions: [],
    meaning: 'Transactions that had their turn in a line and were posted or rejected.',
  },
  appliedRejected: {
    name: 'AppliedRejected',
    unit: 'Count',
    dimensions: [],
    meaning: 'Those among the applied ones that were rejected.',
  },
  failedTransactions: {
    name: 'FailedTransactions',
    unit: 'Count',
    dimensions: [],
    meaning: 'Transactions that were given up, since each try of them failed by itself. Each is a dead letter.',
  },
  lineWait: {
    name: 'LineWait',
    unit: 'Milliseconds',
    dimensions: [],
    meaning:
      'How long the one that had waited longest among the applied ones of a batch had waited, from acceptance on.',
  },
  overduePending: {
    name: 'OverduePending',
    unit: 'Count',
    dimensions: [],
    meaning: 'Transactions that a run of the sweep found to wait in a line for more than 30 seconds.',
  },
  oldestPending: {
    name: 'OldestPending',
    unit: 'Milliseconds',
    dimensions: [],
    meaning:
      'How long the one had waited that waited longest when a run of the sweep began; 0 where none waited for more than 30 seconds.',
  },
  deadLettersKept: {
    name: 'DeadLettersKept',
    unit: 'Count',
    dimensions: ['source'],
    meaning:
      'Messages and batches of stream records that were given up and are kept as dead letters, by where they come from.',
  },
  balanceCrossings: {
    name: 'BalanceCrossings',
    unit: 'Count',
    dimensions: [],
    meaning: 'Balance monitors whose threshold was found crossed, each with its event.',
  },
  eventsAppended: {
    name: 'EventsAppended',
    unit: 'Count',
    dimensions: [],
    meaning: 'Events that were appended to journals.',
  },
  journalLag: {
    name: 'JournalLag',
    unit: 'Milliseconds',
    dimensions: [],
    meaning: 'The longest time from an event to its block among the events of a batch.',
  },
  eventsForgotten: {
    name: 'EventsForgotten',
    unit: 'Count',
    dimensions: [],
    meaning:
      'Events that nothing had woken the journal for, found an hour or more after they happened since others come behind them. Anything above 0 says that the stream lost something: see the repair of the journal.',
  },
  eventsPublished: {
    name: 'EventsPublished',
    unit: 'Count',
    dimensions: [],
    meaning: 'Events that were published to the topic; one that is published twice counts twice.',
  },
  publicationLag: {
    name: 'PublicationLag',
    unit: 'Milliseconds',
    dimensions: [],
    meaning: 'The longest time from an event to its publication among the events of a batch.',
  },
  deliveriesMade: {
    name: 'DeliveriesMade',
    unit: 'Count',
    dimensions: [],
    meaning: 'Deliveries of events to webhooks that were asked for; one whose event comes twice at once counts twice.',
  },
  webhookAttempts: {
    name: 'WebhookAttempts',
    unit: 'Count',
    dimensions: [],
    meaning: 'Attempts to deliver an event to a webhook.',
  },
  webhookFailures: {
    name: 'WebhookFailures',
    unit: 'Count',
    dimensions: [],
    meaning: 'Those among the attempts that failed: no answer, or another than 2xx. Mostly the receiver’s affair.',
  },
  webhookLatency: {
    name: 'WebhookLatency',
    unit: 'Milliseconds',
    dimensions: [],
    meaning: 'The time of the slowest attempt of a batch, from looking up the name to the status of the answer.',
  },
  webhooksDisabled: {
    name: 'WebhooksDisabled',
    unit: 'Count',
    dimensions: [],
    meaning:
      'Attempts that ended in switching their endpoint off: it answered 410, or nothing was delivered to it for days.',
  },
  deliveriesPutOff: {
    name: 'DeliveriesPutOff',
    unit: 'Count',
    dimensions: [],
    meaning:
      'Deliveries to webhooks that were put off, since the secrets that sign them could not be opened. Nothing was sent and no attempt is counted.',
  },
  dueDeliveries: {
    name: 'DueDeliveries',
    unit: 'Count',
    dimensions: [],
    meaning: 'Deliveries that a run of the sweep found due, and woke.',
  },
  deliveryOverdue: {
    name: 'DeliveryOverdue',
    unit: 'Milliseconds',
    dimensions: [],
    meaning: 'How long the delivery that was due longest had been due when a run of the sweep began; 0 where none was.',
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricId = keyof typeof metrics;

/** The types of transactions that are told apart in metrics; clients name their own, which count together as `other`. */
export const countedTypes = ['deposit', 'withdrawal', 'top_up', 'bonus', 'spend', 'transfer', 'other'] as const;
export type CountedType = (typeof countedTypes)[number];

/** The type a transaction counts as: clients can make up as many as they like, and each would be a series of its own. */
export function countedTypeOf(type: string): CountedType {
  return countedTypes.find((counted) => counted === type) ?? 'other';
}

/** The outcome of a transaction that was posted; a declined one has its reason instead. */
export const postedOutcome = 'posted';

/** The outcome of one that was given up. */
export const failedOutcome = 'failed';

/** The outcome a transaction counts with. */
export function countedOutcomeOf(transaction: CountedTransaction): CountedOutcome {
  if (transaction.status === 'rejected') return transaction.reason;
  return transaction.status === 'failed' ? failedOutcome : postedOutcome;
}

type CountedTransaction =
  | { readonly status: 'posted' | 'failed' }
  | { readonly status: 'rejected'; readonly reason: RejectionReason };

export type CountedOutcome = typeof postedOutcome | typeof failedOutcome | RejectionReason;

/** The CloudWatch namespace of a stage's metrics. */
export function metricsNamespace(stage: string): string {
  return `Florin/${stage}`;
}

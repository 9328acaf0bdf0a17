/** A queue of wake-ups or events. */
export interface QueueEntry {
  /** A FIFO queue serves the messages of a group one at a time; a standard queue all at once. */
  readonly kind: 'fifo' | 'standard';
  /** The variable by which a function that sends to it learns its URL. */
  readonly variable: `${string}_QUEUE_URL`;
  /** The time-out of the function that it wakes: how long work on a batch may take, in seconds. */
  readonly workSeconds: number;
}

/** Every queue there is; each has one of dead letters beside it. */
export const queueList = {
  /** Accounts in whose line transactions wait. */
  lines: { kind: 'fifo', variable: 'LINES_QUEUE_URL', workSeconds: 20 },
  /** Records that the journal of their tenant has to take up. */
  journal: { kind: 'fifo', variable: 'JOURNAL_QUEUE_URL', workSeconds: 20 },
  /** Tenants whose journal has blocks to publish. */
  publication: { kind: 'fifo', variable: 'PUBLICATION_QUEUE_URL', workSeconds: 20 },
  /** Published events, for those who want them at their webhooks. */
  webhookEvents: { kind: 'fifo', variable: 'WEBHOOK_EVENTS_QUEUE_URL', workSeconds: 20 },
  /** Attempts to deliver an event. A receiver may take 15 s over one. */
  deliveries: { kind: 'standard', variable: 'DELIVERIES_QUEUE_URL', workSeconds: 30 },
  /** Published events that may have changed a balance. */
  balanceEvents: { kind: 'fifo', variable: 'BALANCE_EVENTS_QUEUE_URL', workSeconds: 20 },
} as const satisfies Readonly<Record<string, QueueEntry>>;

export type QueueName = keyof typeof queueList;

/** The names of all queues. */
export const queueNames = Object.keys(queueList) as readonly QueueName[];

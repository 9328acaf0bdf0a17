/** What an alarm says to whoever it wakes. */
export interface AlarmEntry {
  /** Its heading in the runbook, which has its meaning, where to look first and what to do. */
  readonly heading: string;
  /** One sentence for the notification itself. */
  readonly meaning: string;
}

/**
 * Every alarm there is. One that is not listed does not compile, one that is listed and never raised fails a test, and so does one without
 * its heading in the runbook.
 */
export const alarmList = {
  apiErrorRate: {
    heading: 'API error rate',
    meaning: 'More than 1 % of the requests of five minutes, and at least five, were answered with a 5xx.',
  },
  apiLatency: {
    heading: 'API latency',
    meaning: 'One request in twenty took longer than a second, for ten of fifteen minutes.',
  },
  accessOutages: {
    heading: 'Access outages',
    meaning:
      'For ten minutes an area could not lease allowances of clients, or not get the keys of an issuer: limits hold for each instance alone, and new tokens may not be verified.',
  },
  functionErrors: {
    heading: 'Function errors',
    meaning: 'A function crashed, timed out or ran out of memory. Answers do not count here, whatever their status.',
  },
  functionThrottles: {
    heading: 'Function throttles',
    meaning: 'Lambda refused to run a function, because the account has no concurrency left.',
  },
  tableThrottles: {
    heading: 'Table throttles',
    meaning: 'DynamoDB refused reads or writes in three of five minutes: longer than retries can hide.',
  },
  ledgerDamaged: {
    heading: 'Ledger damaged',
    meaning:
      'The self-audit found something in the books that cannot be: an entry, a balance or a transaction is not as it was written.',
  },
  holdsOverdue: {
    heading: 'Holds overdue',
    meaning:
      'Holds whose time is over by more than ten minutes still keep funds back: the sweep does not keep up, or fails.',
  },
  workerSilent: {
    heading: 'Worker silent',
    meaning: 'A worker that a schedule wakes every few minutes has not run for fifteen: nothing else says so.',
  },
  streamBehind: {
    heading: 'Stream behind',
    meaning:
      'What was written an hour ago has only now come out of the stream of the ledger table, which forgets after 24 hours.',
  },
  streamLag: {
    heading: 'Stream lag',
    meaning:
      'For five minutes what was written has come out of the stream of the ledger table more than a minute later.',
  },
  streamSilent: {
    heading: 'Stream silent',
    meaning: 'Transactions have been posted for fifteen minutes, and nothing has come out of the stream of the table.',
  },
  queueAge: {
    heading: 'Queue age',
    meaning:
      'A message has been in the queue for longer than its five receives take: its worker does not keep up, or fails.',
  },
  deadLettersWaiting: {
    heading: 'Dead letters waiting',
    meaning:
      'Dead letters have been in their queues for minutes: the worker that keeps them does not, and queues forget.',
  },
  deadLetters: {
    heading: 'Dead letters',
    meaning:
      'A message was given up after its last receive, or a batch of the stream was; it is kept and can be repeated.',
  },
  failedTransactions: {
    heading: 'Failed transactions',
    meaning: 'A transaction at the head of a line was given up, since each try of it failed by itself.',
  },
  linesWaiting: {
    heading: 'Lines waiting',
    meaning: 'A transaction that was accepted more than five minutes ago still waits in its line.',
  },
  journalLag: {
    heading: 'Journal lag',
    meaning: 'Events reach the journal of their tenant more than five minutes after they happened.',
  },
  journalForgotten: {
    heading: 'Journal forgotten',
    meaning:
      'The journal came upon events of an hour ago that nothing had told it of: others may be missing from it still.',
  },
  publicationLag: {
    heading: 'Publication lag',
    meaning: 'Events are published more than five minutes after they happened.',
  },
  deliveriesLate: {
    heading: 'Deliveries late',
    meaning: 'A delivery to a webhook whose attempt was due more than fifteen minutes ago has not been attempted.',
  },
  webhooksFailing: {
    heading: 'Webhooks failing',
    meaning: 'Nearly every attempt to deliver to any webhook fails: that is not the receivers any more.',
  },
  secretsUnopened: {
    heading: 'Secrets cannot be opened',
    meaning: 'Deliveries to webhooks are put off, since the secrets that sign them could not be opened.',
  },
  replicationLag: {
    heading: 'Replication lag',
    meaning: 'The replica in the other Region is more than ten seconds behind: a failover now would lose as much.',
  },
} as const satisfies Readonly<Record<string, AlarmEntry>>;

export type AlarmId = keyof typeof alarmList;

/** What CloudWatch calls an alarm of the stage: by it a release names those that take it back. */
export function alarmNameOf(stage: string, id: AlarmId, of?: string): string {
  return ['florin', stage, ...wordsOf(id), ...(of === undefined ? [] : [of])].join('-');
}

/** The words of an alarm's id, in lower case. */
export function wordsOf(id: AlarmId): string[] {
  return id.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}

/** Where the runbook is, seen from the root of the project. */
export const runbookPath = 'docs/runbook.md';

/** The anchor that Markdown renderers make of a heading of letters, digits and spaces. */
export function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(' ', '-');
}

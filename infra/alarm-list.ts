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

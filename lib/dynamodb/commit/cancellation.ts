import { type Balance, type BalancePlace, type Command, InvariantViolation } from '../../ledger/index.ts';
import { parseBalance } from '../items/items.ts';
import { type KeyRecord, parseRecord } from '../items/record-item.ts';
import type { ActionFailure } from '../table/faults.ts';
import type { PlannedAction } from './write-plan.ts';

/** A balance that several write at once. */
export interface Crowd {
  readonly place: BalancePlace;
  /** Until when others should join its account's line; 0 where nobody says so. Milliseconds since 1970. */
  readonly lineUntil: number;
}

/** What a cancelled write tells: nothing of it happened, and why. */
export interface Cancellation {
  /** Commands whose key turned out to have a record. */
  readonly records: ReadonlyMap<Command, KeyRecord>;
  /** Balances that moved on, as they are now; undefined where there is none. */
  readonly balances: readonly {
    readonly place: BalancePlace;
    readonly now: Balance | undefined;
  }[];
  /** Of a command that others were faster than, a balance that they write too, and whether its account's line is where to go at once. */
  readonly crowded: ReadonlyMap<Command, Crowd>;
  /** Commands that need an item another transaction is just writing. */
  readonly contended: ReadonlySet<Command>;
  readonly isThrottled: boolean;
}

/**
 * Reads the reasons of a cancelled write, one for each action in order.
 *
 * @throws InvariantViolation for reasons that a correct write of sound data cannot get
 */
export function readCancellation(actions: readonly PlannedAction[], failures: readonly ActionFailure[]): Cancellation {
  if (failures.length !== actions.length)
    throw new InvariantViolation('a cancelled write gives a reason for each action');
  const records = new Map<Command, KeyRecord>();
  const balances: Cancellation['balances'][number][] = [];
  const contended = new Set<Command>();
  const crowded = new Map<Command, Crowd>();
  // Batches of which a transaction exists already: then the batch's own record does too.
  const withMembers = new Set<Command>();
  let isThrottled = false;
  let isStale = false;
  let hasForeignEntry = false;
  for (const [index, action] of actions.entries()) {
    const { subject, commands } = action;
    const { kind, item, message } = failures[index] as ActionFailure;
    if (kind === 'invalid') throw new InvariantViolation(`DynamoDB refused ${subject}: ${message}`);
    if (kind === 'throttled') isThrottled = true;
    if (kind === 'conflict') for (const command of commands) contended.add(command);
    if (action.subject === 'balance' && (kind === 'condition' || kind === 'conflict')) {
      const crowd = { place: action.place, lineUntil: Number(item?.lineUntil ?? 0) };
      for (const command of commands)
        if ((crowded.get(command)?.lineUntil ?? -1) < crowd.lineUntil) crowded.set(command, crowd);
    }
    if (kind !== 'condition') continue;
    if (subject === 'record') {
      if (!item) throw new InvariantViolation('a key record exists, but was not returned');
      for (const command of commands) records.set(command, parseRecord(item));
    } else if (subject === 'entry') hasForeignEntry = true;
    else if (subject === 'member') for (const command of commands) withMembers.add(command);
    else isStale = true;
    if (action.subject === 'balance') {
      balances.push({ place: action.place, now: item && parseBalance(item) });
    }
  }
  // Whoever wrote the entry has its balance's version too; that this may show only as a conflict or throttling, is DynamoDB's.
  if (hasForeignEntry && !isStale && contended.size === 0 && !isThrottled) {
    throw new InvariantViolation('an entry exists that its balance does not know');
  }
  const isPartial = [...withMembers].some((command) => !records.has(command) && !contended.has(command));
  if (isPartial && !isThrottled) throw new InvariantViolation('a transaction of a batch exists without the batch');
  return { records, balances, contended, crowded, isThrottled };
}

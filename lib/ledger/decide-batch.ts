import { createHash } from 'node:crypto';
import { balanceKey } from './balance.ts';
import type { PostBatch } from './batch.ts';
import type { PostTransaction } from './command.ts';
import { decideTransaction } from './decide-transaction.ts';
import type { BatchMember, Circumstances, Commitment, Decision, Refusal } from './decision.ts';
import { InvariantViolation } from './errors.ts';
import { maxActionsPerWrite } from './limits.ts';
import { needsOfAll } from './needs.ts';
import { PostingRun } from './posting-run.ts';
import { type BalanceChange, type LedgerState, WorkingState } from './state.ts';

/**
 * All transactions of a batch at one time, each on what the ones before it left; or what the first that cannot be posted
 * is declined for, which then is the batch's. Refusals come first, those of all members before any decline.
 */
export function decideBatch(command: PostBatch, state: LedgerState, { now, salt }: Circumstances): Decision {
  const refused = findRefused(command, state);
  if (refused) return refused;
  const time = timeOf(command, state, now);
  const working = new WorkingState(state);
  const decisions: Commitment[] = [];
  const members: BatchMember[] = [];
  for (const [index, member] of command.members.entries()) {
    const decision = decideTransaction(member, working, { now: time, salt: memberSalt(salt, index) });
    if (decision.kind === 'stale') return decision;
    if (decision.kind === 'refuse') return { ...decision, index };
    if (decision.kind === 'decline') {
      const { postings } = member;
      return { postings, ...decision, evidence: { ...decision.evidence, index } };
    }
    working.apply(decision);
    decisions.push(decision);
    members.push(postedMember(member, decision));
  }
  const commitment: Commitment = {
    kind: 'commit',
    result: { kind: 'batch', transactions: members.map(({ transaction }) => transaction.id), createdAt: time },
    entries: decisions.flatMap(({ entries }) => entries),
    changes: foldChanges(decisions),
    members,
  };
  return refuseTooLarge(commitment) ?? commitment;
}

/** Looks at the accounts and assets of all members before anything is posted. */
function findRefused({ members }: PostBatch, state: LedgerState): Refusal | undefined {
  for (const [index, { postings }] of members.entries()) {
    const refused = new PostingRun(state).open(postings);
    if (refused) return { ...refused, index };
  }
  return undefined;
}

/** The maximum of now and the last entry of every balance touched: the batch shows whole or not at all at any instant. */
function timeOf({ members }: PostBatch, state: LedgerState, now: number): number {
  const { balances } = needsOfAll(members, state);
  return Math.max(now, ...balances.map(({ account, asset }) => state.balance(account, asset)?.lastEntryAt ?? 0));
}

/** Each member has a salt of its own, so that to redact one takes nothing from and leaves nothing to the others. */
function memberSalt(salt: string, index: number): string {
  return createHash('sha256').update(`${index}:${salt}`).digest().subarray(0, 16).toString('base64url');
}

function postedMember({ record, requestHash }: PostTransaction, { result }: Commitment): BatchMember {
  if (result.kind !== 'transaction' || result.transaction.status !== 'posted') {
    throw new InvariantViolation('a member of a batch is a posted transaction');
  }
  return { record, requestHash, transaction: result.transaction };
}

/** Each balance once, from what the first member found to what the last one left. */
function foldChanges(decisions: readonly Commitment[]): BalanceChange[] {
  const folded = new Map<string, BalanceChange>();
  for (const change of decisions.flatMap(({ changes }) => changes)) {
    const key = balanceKey(change.after);
    folded.set(key, { ...(folded.get(key) ?? change), after: change.after });
  }
  return [...folded.values()];
}

/** What is not known when a batch is asked for, such as fees, may take it beyond what one write holds. */
function refuseTooLarge({ entries, changes, members = [] }: Commitment): Refusal | undefined {
  const opened = new Set(changes.flatMap(({ openedOn }) => (openedOn ? [openedOn.id] : [])));
  const actions = 1 + members.length + entries.length + changes.length + opened.size;
  if (actions <= maxActionsPerWrite) return undefined;
  const detail = `this batch needs ${actions} items and one write takes ${maxActionsPerWrite}; send fewer transactions at once`;
  return { kind: 'refuse', code: 'invalid_request', detail };
}

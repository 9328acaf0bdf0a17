import type { TenantId } from './account.ts';
import { digestOf } from './canonical-json.ts';
import { type CommandBase, type PostTransaction, type PostTransactionRequest, postTransaction } from './command.ts';
import { LedgerError } from './errors.ts';
import { memberRecordIdOf, recordIdOf, transactionIdOf } from './identifiers.ts';
import { maxActionsPerWrite, maxBatchMembers } from './limits.ts';
import { balancesOf } from './needs.ts';
import type { Posting } from './posting.ts';

/** The type that the record of a rejected batch has. */
export const batchType = 'batch';

/** One of a batch's transactions, as a caller asks for it. */
export type BatchMemberRequest = Pick<
  PostTransactionRequest,
  'type' | 'postings' | 'exchange' | 'description' | 'metadata'
>;

/** What a caller asks: post all of these transactions or none, under this key. */
export interface PostBatchRequest {
  readonly tenant: TenantId;
  /** The idempotency key, 1 to 255 visible characters. */
  readonly key: string;
  readonly transactions: readonly BatchMemberRequest[];
}

/** Post several transactions in one write, each with a record of its own. */
export interface PostBatch extends CommandBase {
  readonly kind: 'batch';
  readonly members: readonly PostTransaction[];
}

/**
 * Normalises a request. The members are transactions like any other, whose ids follow from the batch's key and their
 * place in it.
 *
 * @throws LedgerError with the member's `index`: `same_account`, or `invalid_request` for postings that no transaction
 * takes; without one: `invalid_request` for no member or for more than always fit in one write
 */
export function postBatch({ tenant, key, transactions }: PostBatchRequest): PostBatch {
  if (transactions.length < 1 || transactions.length > maxBatchMembers) {
    const range = `1 to ${maxBatchMembers}`;
    throw new LedgerError('invalid_request', `a batch has ${range} transactions, not ${transactions.length}`);
  }
  const members = transactions.map((transaction, index) => memberOf(tenant, key, transaction, index));
  const most = mostActions(members);
  if (most > maxActionsPerWrite) throw tooLarge(most);
  const record = recordIdOf(tenant, key);
  return {
    kind: 'batch',
    tenant,
    record,
    id: transactionIdOf(record),
    type: batchType,
    members,
    requestHash: digestOf({ v: 1, operation: 'createBatch', members: members.map(({ requestHash }) => requestHash) }),
  };
}

function memberOf(tenant: TenantId, key: string, transaction: BatchMemberRequest, index: number): PostTransaction {
  const record = memberRecordIdOf(tenant, key, index);
  try {
    const command = postTransaction({ tenant, key, operation: 'createBatch', ...transaction });
    return { ...command, record, id: transactionIdOf(record) };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new LedgerError(error.code, error.message, { ...error.evidence, index: String(index) }, { cause: error });
  }
}

/**
 * The most actions that a batch can need: its own record, its place in a line, one for each member, two entries for each posting, and once
 * for each balance and each account that it names, where none of the balances exists yet.
 */
export function mostActions(members: readonly { readonly postings: readonly Posting[] }[]): number {
  const postings = members.flatMap((member) => member.postings);
  const balances = balancesOf(postings);
  const names = new Set(balances.map(({ account, asset }) => `${account} ${asset}`));
  const accounts = new Set(balances.map(({ account }) => account));
  return 2 + members.length + 2 * postings.length + names.size + accounts.size;
}

function tooLarge(actions: number): LedgerError {
  return new LedgerError(
    'invalid_request',
    `this batch may need ${actions} items and one write takes ${maxActionsPerWrite}: 2 for the batch, 1 for each transaction, ` +
      '2 for each posting, and 1 for each balance and each account named; send fewer transactions at once',
  );
}

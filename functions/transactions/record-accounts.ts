import type { KeyRecord, Ledger } from '../../lib/dynamodb/index.ts';
import type { AccountId, LineCommand, Posting, RejectedTransaction, TenantId } from '../../lib/ledger/index.ts';

/**
 * The accounts that a transaction's record is about: those that it moves money between, and the one in whose line it waits or waited; of one
 * that was rejected, those that it would have taken from. Of a batch that was posted its members are read, by one more read; of one that was
 * rejected, the record knows no more than the account it was rejected for.
 *
 * @throws LedgerError `unavailable`
 */
export async function accountsOfRecord(
  ledger: Ledger,
  tenant: TenantId,
  { result, accepted }: KeyRecord,
): Promise<AccountId[]> {
  const inLine = accepted ? [accepted.account] : [];
  switch (result.kind) {
    case 'hold':
      return inLine;
    case 'pending':
      return [...inLine, ...accountsOf(postingsAsked(result.pending.command))];
    case 'batch': {
      const members = await ledger.transactions.getPosted(tenant, result.transactions);
      return [...inLine, ...accountsOf(members.flatMap(({ postings }) => postings))];
    }
    case 'transaction':
      if (result.transaction.status === 'rejected') return accountsOfRejected(result.transaction, inLine);
      return [...inLine, ...accountsOf(result.transaction.postings)];
  }
}

function postingsAsked(command: LineCommand | undefined): readonly Posting[] {
  if (command?.kind === 'transaction') return command.postings;
  if (command?.kind === 'batch') return command.members.flatMap(({ postings }) => postings);
  // What a capture or a reversal will move shows in its turn; until then its line says whose it is.
  return [];
}

function accountsOf(postings: readonly Posting[]): AccountId[] {
  return postings.flatMap(({ source, destination }) => [source, destination]);
}

/** Those that it would have taken from, and the one it was rejected for. To whom it would have come nothing did, and why says what another has. */
function accountsOfRejected({ postings, evidence }: RejectedTransaction, inLine: readonly AccountId[]): AccountId[] {
  const sources = postings.length > 0 ? postings.map(({ source }) => source) : inLine;
  return evidence.account === undefined ? [...sources] : [...sources, evidence.account];
}

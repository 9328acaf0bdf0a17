import { majorText } from '../amount.ts';
import type { TransactionAnswer } from '../api/answers.ts';
import { type Column, printable, Table } from './table.ts';

type EntryRow = NonNullable<TransactionAnswer['entries']>[number];
type PostingRow = NonNullable<TransactionAnswer['postings']>[number];

const entryColumns: readonly Column<EntryRow>[] = [
  { heading: 'ACCOUNT', cell: ({ account }) => account },
  { heading: 'ASSET', cell: ({ asset }) => asset },
  { heading: 'AMOUNT', cell: ({ amount, asset }) => majorText(BigInt(amount), asset), isNumber: true },
  { heading: 'BALANCE', cell: ({ balanceAfter, asset }) => majorText(BigInt(balanceAfter), asset), isNumber: true },
  { heading: 'ENTRY', cell: ({ sequence }) => sequence, isNumber: true },
];

const postingColumns: readonly Column<PostingRow>[] = [
  { heading: 'SOURCE', cell: ({ source }) => source },
  { heading: 'DESTINATION', cell: ({ destination }) => destination },
  { heading: 'ASSET', cell: ({ asset }) => asset },
  { heading: 'AMOUNT', cell: ({ amount, asset }) => majorText(BigInt(amount), asset), isNumber: true },
];

/** A transaction for people: what it is, then its entries, or its postings where it has made none, or what else is known of it. */
export function* transactionLines(transaction: TransactionAnswer): Iterable<string> {
  const { id, status, type, reason, createdAt, description, postings = [], entries, transactions = [] } = transaction;
  const head = id === undefined ? ['dry run', 'nothing was written'] : [id, status, reason];
  yield [...head, type, createdAt].filter((part) => part !== undefined).join('  ');
  if (description !== undefined) yield printable(description);
  if (transaction.redacted) yield `redacted ${transaction.redacted.at}`;
  if (entries) yield* new Table(entryColumns).lines(entries);
  else if (postings.length > 0) yield* new Table(postingColumns).lines(postings);
  else yield* aboutLines(transaction);
  yield* transactions;
}

/** What a transaction that has moved nothing yet is about. */
function* aboutLines({ holdId, reverses }: TransactionAnswer): Iterable<string> {
  if (holdId !== undefined) yield `of ${holdId}`;
  if (reverses !== undefined) yield `of ${reverses}`;
}

import type { FunctionNeeds, TableNeeds } from '../../infra/function-needs.ts';

/** What is granted on a table and its indexes, on all of its items or on some. */
export function grantsOnTable(table: string, needs: TableNeeds | undefined): string[] {
  if (needs === undefined) return [];
  const { actions, narrowActions = [], indexes = [], scannedIndexes = [] } = needs;
  return [
    ...[...actions, ...narrowActions.flatMap((narrow) => narrow.actions)].map((action) => `${action} on ${table}`),
    ...indexes.map(({ name }) => `dynamodb:Query on ${table}/index/${name}`),
    ...scannedIndexes.map(({ name }) => `dynamodb:Scan on ${table}/index/${name}`),
  ];
}

/** What is granted on tables and queues that a function names itself. */
export function namedGrants(needs: FunctionNeeds): string[] {
  return [
    ...grantsOnTable('Ledger', needs.ledger),
    ...grantsOnTable('Platform', needs.platform),
    ...(needs.sendsTo ?? []).map((queue) => `sqs:SendMessage on ${queue}`),
  ].sort();
}

import { changeSortKey, placePrefix, recordSortKey } from '../lib/dynamodb/items/keys.ts';

/** What a pattern demands of an attribute of type string. */
type StringDemand = string | { readonly prefix: string } | { readonly 'anything-but': readonly string[] };

interface AttributeDemand {
  readonly S: readonly StringDemand[];
}

/** A pattern for the records of a stream; whatever it names has to match. */
export interface StreamFilter {
  readonly eventName: readonly ('INSERT' | 'MODIFY')[];
  readonly dynamodb: {
    readonly Keys: { readonly SK: AttributeDemand };
    readonly OldImage?: { readonly status: AttributeDemand };
    readonly NewImage?: { readonly status: AttributeDemand };
  };
}

const pending: AttributeDemand = { S: ['pending'] };
const terminal: AttributeDemand = { S: [{ 'anything-but': ['pending'] }] };

const recordIs = { SK: { S: [recordSortKey] } };

/**
 * What of the ledger's stream concerns anybody; Lambda takes five patterns at the most. Everything else (balances, entries, what
 * is added to a record later: its block, how much of it was reversed) calls no function and costs nothing.
 */
export const streamFilters: readonly StreamFilter[] = [
  // A transaction joins a line.
  { eventName: ['INSERT'], dynamodb: { Keys: { SK: { S: [{ prefix: placePrefix }] } } } },
  // Something was decided at once,
  { eventName: ['INSERT'], dynamodb: { Keys: recordIs, NewImage: { status: terminal } } },
  // or after it had waited.
  {
    eventName: ['MODIFY'],
    dynamodb: { Keys: recordIs, OldImage: { status: pending }, NewImage: { status: terminal } },
  },
  // What is no money was changed.
  { eventName: ['INSERT'], dynamodb: { Keys: { SK: { S: [changeSortKey] } } } },
];

import type { SparseIndex } from '../lib/config/ledger-table.ts';
import type { KeyUse } from './key-access.ts';
import type { LedgerFunction } from './ledger-function.ts';
import type { MessageAddresses } from './message-addresses.ts';
import { type QueueName, queueList } from './queue-list.ts';
import type { RegionalState } from './regional-state.ts';
import type { NarrowActions, TableAccess, TableAction } from './table-access.ts';

/** What a function may do with a table. The actions are those that a test sees it use, no more. */
export interface TableNeeds {
  readonly actions: readonly TableAction[];
  /** Further actions, on some of the items only. */
  readonly narrowActions?: readonly NarrowActions[];
  /** Indexes that it asks. */
  readonly indexes?: readonly SparseIndex[];
  /** Indexes that it reads from end to end. */
  readonly scannedIndexes?: readonly SparseIndex[];
}

/** What a function may touch. What is not named here it neither may touch nor knows the name of. */
export interface FunctionNeeds {
  /** What it does, for people who find it in the console. */
  readonly description: string;
  readonly ledger?: TableNeeds;
  readonly platform?: TableNeeds;
  /** Whether it keeps Powertools records in the idempotency table. */
  readonly replays?: boolean;
  /** Queues that it sends to. */
  readonly sendsTo?: readonly QueueName[];
  /** Whether it publishes to the topic of events. */
  readonly publishes?: boolean;
  /** What it does with the key of the secrets. */
  readonly secrets?: readonly KeyUse[];
  /** Whether it calls addresses that clients have named, and so has to know which it may. */
  readonly callsOut?: boolean;
}

/** What the functions of one Region work with. */
export interface Surroundings {
  readonly state: RegionalState;
  readonly addresses: MessageAddresses;
  /** See the option of this name. */
  readonly webhookTargets: 'public' | 'any';
}

/** The variables by which a function learns what it needs. */
export function environmentFor(
  needs: FunctionNeeds,
  { state, addresses, webhookTargets }: Surroundings,
): Record<string, string> {
  const queues = (needs.sendsTo ?? []).map((name) => [queueList[name].variable, addresses.urlOf(name)]);
  return {
    ...(needs.ledger && { LEDGER_TABLE: state.ledger.tableName }),
    ...(needs.platform && { PLATFORM_TABLE: state.platform.tableName }),
    ...(needs.replays && { IDEMPOTENCY_TABLE: state.idempotency.tableName }),
    ...Object.fromEntries(queues),
    ...(needs.publishes && { EVENTS_TOPIC_ARN: addresses.eventsTopicArn }),
    ...(needs.secrets && { SECRETS_KEY_ID: state.secretsKey.keyArn }),
    ...(needs.callsOut && { WEBHOOK_TARGETS: webhookTargets }),
  };
}

/** Allows a function what it needs. */
export function grantNeeds(grantee: LedgerFunction, needs: FunctionNeeds, { state, addresses }: Surroundings): void {
  if (needs.ledger) grantTable(grantee, needs.ledger, state.ledger);
  if (needs.platform) grantTable(grantee, needs.platform, state.platform);
  if (needs.replays) state.idempotency.grantReplay(grantee);
  for (const name of needs.sendsTo ?? []) addresses.grantSend(grantee, name);
  if (needs.secrets) state.secretsKey.grant(grantee, needs.secrets);
  if (needs.publishes) addresses.grantPublish(grantee);
}

/** Allows a function what it needs of one table. */
export function grantTable(grantee: LedgerFunction, needs: TableNeeds, table: TableAccess): void {
  if (needs.actions.length > 0) table.grantItems(grantee, needs.actions);
  for (const narrow of needs.narrowActions ?? []) table.grantItemsLike(grantee, narrow);
  for (const index of needs.indexes ?? []) table.grantIndexQuery(grantee, index);
  for (const index of needs.scannedIndexes ?? []) table.grantIndexScan(grantee, index);
}

import type { AssetCode } from './asset.ts';
import { maxAccountIdLength, maxTenantIdLength } from './limits.ts';
import type { DebitLimits } from './velocity.ts';

declare const accountId: unique symbol;
declare const tenantId: unique symbol;
declare const balanceNameMark: unique symbol;

/** An account's name, given by the client: `user_001`, `system:treasury`. */
export type AccountId = string & { readonly [accountId]: true };

/** The owner of a set of accounts; it comes from the caller's credentials, never from a URL. */
export type TenantId = string & { readonly [tenantId]: true };

/** A balance's name within its account: its asset, and behind a `#` the shard where that is not 0. */
export type BalanceName = AssetCode | (string & { readonly [balanceNameMark]: true });

export const accountIdPattern = /^[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)*$/;
const tenantIdPattern = /^[A-Za-z0-9_-]+$/;

/** `active`: takes debits and credits. `frozen`: takes no debits, and what it freezes says whether credits. `closed`: takes neither, for ever. */
export const accountStatuses = ['active', 'frozen', 'closed'] as const;
export type AccountStatus = (typeof accountStatuses)[number];

/** What freezing an account stops: `debits` only, or `all`, credits too. */
export const freezeKinds = ['debits', 'all'] as const;
export type FreezeKind = (typeof freezeKinds)[number];

export type Metadata = Readonly<Record<string, string>>;

export interface Account {
  readonly id: AccountId;
  readonly status: AccountStatus;
  /** What being frozen stops; `debits` where it is absent. It says nothing while the account is not frozen. */
  readonly freezes?: FreezeKind;
  /** An unbounded account has no floor in any asset: it can be a source of credits that never runs dry. */
  readonly unbounded: boolean;
  /** The lowest posted less held balance by asset, in minor units; 0 for an asset not named. Empty when unbounded. */
  readonly floors: ReadonlyMap<AssetCode, bigint>;
  /** What may go out of it within an hour and a day, by asset; absent without any. */
  readonly limits?: ReadonlyMap<AssetCode, DebitLimits>;
  /** Its balances: an asset's own, and for each further shard that took a posting another one. */
  readonly balances: ReadonlySet<BalanceName>;
  /** Over how many balances postings of each asset are spread; 1 for most. It is raised, never lowered. */
  readonly shards: number;
  /** The subject of the tokens that may spend from it. */
  readonly owner?: string;
  readonly metadata: Metadata;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Counts its changes, from 1. */
  readonly version: number;
  /** When its metadata was removed last. What was set since is there. */
  readonly redacted?: AccountRedaction;
}

/** When the metadata of an account was removed. */
export interface AccountRedaction {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Which of its changes that is. What was written in every one before it is gone, or going. */
  readonly change: number;
  /** The first change whose details may still be there; the first of all where nothing is said. */
  readonly openFrom?: number;
}

/** Reads an account's name, or returns undefined when it has another form or more than 128 characters. */
export function parseAccountId(text: string): AccountId | undefined {
  return text.length <= maxAccountIdLength && accountIdPattern.test(text) ? (text as AccountId) : undefined;
}

/** Reads a tenant's name, or returns undefined when it has another form or more than 64 characters. */
export function parseTenantId(text: string): TenantId | undefined {
  return text.length <= maxTenantIdLength && tenantIdPattern.test(text) ? (text as TenantId) : undefined;
}

/** The assets that an account has a balance in, each once. */
export function assetsOf({ balances }: Pick<Account, 'balances'>): Set<AssetCode> {
  return new Set([...balances].map((name) => name.split('#', 1)[0] as AssetCode));
}

/** The floor of an account in an asset; null without one. */
export function floorOf(account: Pick<Account, 'unbounded' | 'floors'>, asset: AssetCode): bigint | null {
  return account.unbounded ? null : (account.floors.get(asset) ?? 0n);
}

/** Whether it takes no credits: closed, or frozen for them too. */
export function takesNoCredits({ status, freezes }: Pick<Account, 'status' | 'freezes'>): boolean {
  return status === 'closed' || (status === 'frozen' && freezes === 'all');
}

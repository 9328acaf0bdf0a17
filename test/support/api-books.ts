import { createHash } from 'node:crypto';
import type { ApiClient } from './api-client.ts';

interface ApiEntry {
  readonly account: string;
  readonly asset: string;
  readonly shard?: number;
  readonly sequence: string;
  readonly amount: string;
  readonly balanceAfter: string;
  readonly transactionId: string;
  readonly type: string;
  readonly createdAt: string;
  readonly detailsDigest: string;
  readonly hash: string;
  readonly previousHash: string;
}

/** The whole history of an account in an asset over the API, oldest first. */
export async function historyOf(api: ApiClient, account: string, asset: string): Promise<ApiEntry[]> {
  const entries: ApiEntry[] = [];
  const path = `/v1/accounts/${account}/entries?asset=${encodeURIComponent(asset)}&order=asc&limit=100`;
  let cursor: string | undefined;
  do {
    const { status, body } = await api.get(cursor ? `${path}&cursor=${encodeURIComponent(cursor)}` : path);
    if (status !== 200) throw new Error(`no history of ${account}: ${status}`);
    entries.push(...body.data);
    cursor = body.nextCursor ?? undefined;
  } while (cursor);
  return entries;
}

/**
 * Audits accounts over the API alone, as somebody outside can: the history of each is gapless, chained, hashed as
 * documented and adds up to its balance; and the balances of all of them sum to zero.
 */
export async function auditOverApi(api: ApiClient, accounts: readonly string[], asset: string): Promise<string[]> {
  const findings: string[] = [];
  let sum = 0n;
  for (const account of accounts) {
    const { body: balance } = await api.get(`/v1/accounts/${account}/balances/${asset.replace('/', '.')}`);
    let posted = 0n;
    for (const [shard, entries] of Map.groupBy(await historyOf(api, account, asset), (entry) => entry.shard ?? 0)) {
      posted += auditShard(`${account} shard ${shard}`, entries, findings);
    }
    if (balance.posted !== String(posted)) findings.push(`${account}: has ${balance.posted}, adds up to ${posted}`);
    sum += posted;
  }
  if (sum !== 0n) findings.push(`${asset}: the balances sum to ${sum}`);
  return findings;
}

/** Audits the entries of one shard, and returns what they add up to. */
function auditShard(name: string, entries: readonly ApiEntry[], findings: string[]): bigint {
  let posted = 0n;
  let previousHash = '0'.repeat(64);
  for (const [index, entry] of entries.entries()) {
    const where = `${name} entry ${entry.sequence}`;
    posted += BigInt(entry.amount);
    if (entry.sequence !== String(index + 1)) findings.push(`${where}: should be ${index + 1}`);
    if (entry.balanceAfter !== String(posted))
      findings.push(`${where}: says ${entry.balanceAfter}, adds up to ${posted}`);
    if (entry.previousHash !== previousHash) findings.push(`${where}: the chain is broken`);
    if (entry.hash !== hashOf(entry)) findings.push(`${where}: is not what was hashed`);
    previousHash = entry.hash;
  }
  return posted;
}

function hashOf(entry: ApiEntry): string {
  const { account, amount, asset, balanceAfter, createdAt, detailsDigest } = entry;
  const { previousHash, sequence, transactionId, type } = entry;
  const members = {
    account,
    amount,
    asset,
    balanceAfter,
    createdAt,
    detailsDigest,
    previousHash,
    sequence,
    shard: entry.shard ?? 0,
    tenant: 'default',
    transactionId,
    type,
    v: 1,
  };
  return createHash('sha256').update(JSON.stringify(members)).digest('hex');
}

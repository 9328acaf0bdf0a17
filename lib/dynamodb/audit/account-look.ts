import { auditAccount } from '../../ledger/account-audit.ts';
import type { AuditFinding } from '../../ledger/audit-finding.ts';
import { type Account, type AccountId, type Balance, parseBalanceName, type TenantId } from '../../ledger/index.ts';
import { balanceKeyAt } from '../items/balance-place.ts';
import type { Row } from '../items/items.ts';
import { accountPartition, accountSortKey, afterLastBalance } from '../items/keys.ts';
import type { Clock } from '../table/patience.ts';
import type { Reader } from '../table/reader.ts';
import { type AuditedRow, auditedRow } from './table-audit-rows.ts';

/** How often an account is looked at before it is left to the next pass, and how long between, in milliseconds. */
const maxLooks = 4;
const pauseMs = 50;

/** An account and its balances as one read found them. */
interface Seen {
  readonly account: Account | undefined;
  readonly balances: readonly Balance[];
  readonly findings: readonly AuditFinding[];
}

/**
 * Reads an account with its balances, and holds them to it: that it names just these, and that their copies of its
 * status and floors are true.
 *
 * A query is no snapshot, so a change of the account that comes amid it may show in part. What does not agree is
 * therefore looked at again, and told only when two looks saw the same of the same version.
 */
export async function lookAtAccount(reader: Reader, clock: Clock, tenant: TenantId, id: AccountId): Promise<Seen> {
  let seen = await read(reader, tenant, id);
  for (let looks = 1; seen.findings.length > 0; looks++) {
    if (looks === maxLooks) return { ...seen, findings: [] };
    await clock.sleep(pauseMs);
    const again = await read(reader, tenant, id);
    if (markOf(again) === markOf(seen)) return again;
    seen = again;
  }
  return seen;
}

function markOf({ account, findings }: Seen): string {
  return JSON.stringify([account?.version, findings]);
}

async function read(reader: Reader, tenant: TenantId, id: AccountId): Promise<Seen> {
  const rows = await reader.queryAll({
    KeyConditionExpression: 'PK = :pk AND SK BETWEEN :first AND :last',
    ExpressionAttributeValues: {
      ':pk': accountPartition(tenant, id),
      ':first': accountSortKey,
      ':last': afterLastBalance,
    },
  });
  const balances: Balance[] = [];
  const findings: AuditFinding[] = [];
  let account: Account | undefined;
  for (const audited of [...rows.map(auditedRow), ...(await readShards(reader, tenant, rows))]) {
    if (audited.kind === 'account') account = audited.account;
    if (audited.kind === 'balance') balances.push(audited.balance);
    if (audited.kind === 'unreadable') {
      findings.push({ kind: 'unreadable_row', tenant, subject: audited.key, detail: audited.reason });
    }
  }
  // What cannot be read exists, and says nothing about the others.
  if (findings.length === 0 && account) findings.push(...auditAccount(tenant, account, balances));
  else if (findings.length === 0 && balances.length > 0) {
    findings.push({ kind: 'missing_account', tenant, subject: id, detail: `it has ${balances.length} balances` });
  }
  return { account, balances, findings };
}

/** The shards that lie in partitions of their own, as the account names them. */
async function readShards(reader: Reader, tenant: TenantId, rows: readonly Row[]): Promise<AuditedRow[]> {
  const account = rows.map(auditedRow).find(({ kind }) => kind === 'account');
  if (account?.kind !== 'account') return [];
  const { id, balances } = account.account;
  const places = [...balances].map((name) => ({ account: id, ...parseBalanceName(name) }));
  const further = places.filter(({ shard }) => shard > 0).map((place) => balanceKeyAt(tenant, place));
  return further.length === 0 ? [] : (await reader.getAll(further)).map(auditedRow);
}

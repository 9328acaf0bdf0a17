import type { Pool, PoolClient } from 'pg';

/** A transfer as its route has parsed it. Amounts are PostgreSQL's `bigint`. */
export type PeerTransfer = {
  readonly key: string;
  readonly requestHash: string;
  readonly source: string;
  readonly destination: string;
  readonly asset: string;
  readonly amount: bigint;
  readonly description: string | null;
  readonly metadata: Record<string, string> | null;
};

/** What to answer: the body is JSON already, as it is stored for replays. */
export type PeerAnswer = { readonly status: number; readonly response: string; readonly replayed: boolean };

export type TransferMethod = (pool: Pool, transfer: PeerTransfer) => Promise<PeerAnswer>;

type BalanceRow = { account_id: string; amount: string; floor: string | null; version: string };

/**
 * Statement by statement, as most services write it: nine round trips for a new transfer. The insert of the key's row
 * makes duplicates wait for each other; locking in the order of ids rules deadlocks out.
 */
export async function transferByStatements(pool: Pool, transfer: PeerTransfer): Promise<PeerAnswer> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const answer = (await claimKey(client, transfer))
      ? await execute(client, transfer)
      : await storedAnswer(client, transfer);
    await client.query('COMMIT');
    client.release();
    return answer;
  } catch (error) {
    // A connection in an unknown state is not put back.
    client.release(true);
    throw error;
  }
}

/** The same in one round trip, with everything inside one SQL function. */
export async function transferByFunction(pool: Pool, transfer: PeerTransfer): Promise<PeerAnswer> {
  const { rows } = await pool.query<PeerAnswer>({
    name: 'transfer',
    text: 'SELECT status, response, replayed FROM transfer($1, $2, $3, $4, $5, $6, $7, $8)',
    values: [
      transfer.key,
      transfer.requestHash,
      transfer.source,
      transfer.destination,
      transfer.asset,
      transfer.amount,
      transfer.description,
      transfer.metadata,
    ],
  });
  return only(rows);
}

async function claimKey(client: PoolClient, { key, requestHash }: PeerTransfer): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'claim-key',
    text: 'INSERT INTO idempotency_keys (key, request_hash) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING',
    values: [key, requestHash],
  });
  return rowCount === 1;
}

async function storedAnswer(client: PoolClient, { key, requestHash }: PeerTransfer): Promise<PeerAnswer> {
  const { rows } = await client.query<{ request_hash: string; status: number; response: string }>({
    name: 'stored-answer',
    text: 'SELECT request_hash, status, response FROM idempotency_keys WHERE key = $1',
    values: [key],
  });
  const stored = only(rows);
  if (stored.request_hash !== requestHash) return declined('idempotency_key_reused');
  return { status: stored.status, response: stored.response, replayed: true };
}

async function execute(client: PoolClient, transfer: PeerTransfer): Promise<PeerAnswer> {
  const { source, destination, asset, amount } = transfer;
  const { rows } = await client.query<BalanceRow>({
    name: 'lock-balances',
    text: `SELECT account_id, amount, floor, version FROM balances
           WHERE asset = $1 AND account_id IN ($2, $3) ORDER BY account_id FOR UPDATE`,
    values: [asset, source, destination],
  });
  const from = rows.find((row) => row.account_id === source);
  const to = rows.find((row) => row.account_id === destination);
  let answer: PeerAnswer;
  if (from === undefined || to === undefined) answer = declined('account_not_found');
  else if (from.floor !== null && BigInt(from.amount) - amount < BigInt(from.floor))
    answer = declined('insufficient_funds');
  else answer = await post(client, transfer, from, to);
  await client.query({
    name: 'store-answer',
    text: 'UPDATE idempotency_keys SET status = $2, response = $3 WHERE key = $1',
    values: [transfer.key, answer.status, answer.response],
  });
  return answer;
}

async function post(client: PoolClient, transfer: PeerTransfer, from: BalanceRow, to: BalanceRow): Promise<PeerAnswer> {
  const { source, destination, asset, amount, description, metadata } = transfer;
  const { rows } = await client.query<{ id: string; created_at: Date }>({
    name: 'insert-transaction',
    text: `INSERT INTO transactions (type, description, metadata) VALUES ('transfer', $1, $2) RETURNING id, created_at`,
    values: [description, metadata],
  });
  const transaction = only(rows);
  await changeBalance(client, source, asset, -amount);
  await changeBalance(client, destination, asset, amount);
  const entries = [
    {
      account: source,
      sequence: BigInt(from.version) + 1n,
      amount: -amount,
      balanceAfter: BigInt(from.amount) - amount,
    },
    { account: destination, sequence: BigInt(to.version) + 1n, amount, balanceAfter: BigInt(to.amount) + amount },
  ] as const;
  await client.query({
    name: 'insert-entries',
    text: `INSERT INTO entries (transaction_id, account_id, asset, counterparty, sequence, amount, balance_after)
           VALUES ($1, $2, $4, $3, $5, $6, $7), ($1, $3, $4, $2, $8, $9, $10)`,
    values: [
      transaction.id,
      source,
      destination,
      asset,
      ...entries.flatMap((entry) => [entry.sequence, entry.amount, entry.balanceAfter]),
    ],
  });
  const response = {
    id: `tx_${transaction.id}`,
    status: 'posted',
    type: 'transfer',
    postings: [{ source, destination, asset, amount: String(amount) }],
    entries: entries.map((entry) => ({
      account: entry.account,
      asset,
      sequence: String(entry.sequence),
      amount: String(entry.amount),
      balanceAfter: String(entry.balanceAfter),
    })),
    description,
    metadata,
    createdAt: transaction.created_at.toISOString(),
  };
  return { status: 201, response: JSON.stringify(response), replayed: false };
}

async function changeBalance(client: PoolClient, account: string, asset: string, change: bigint): Promise<void> {
  await client.query({
    name: 'change-balance',
    text: 'UPDATE balances SET amount = amount + $3, version = version + 1 WHERE account_id = $1 AND asset = $2',
    values: [account, asset, change],
  });
}

function declined(code: string): PeerAnswer {
  return { status: 422, response: JSON.stringify({ code }), replayed: false };
}

function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error('The statement returned no row.');
  return row;
}

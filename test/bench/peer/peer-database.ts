import { readFile } from 'node:fs/promises';
import { Client } from 'pg';
import { assetCode, funding, fundingAccount } from '../population.ts';
import type { PostgresCluster } from './postgres-cluster.ts';

const TRANSFERS_PER_STATEMENT = 100;

/** Makes a database with the peer's tables and these accounts, each with its funds, and no entries beyond theirs. */
export async function createPeerDatabase(
  cluster: PostgresCluster,
  database: string,
  accounts: readonly string[],
): Promise<void> {
  await withClient(cluster, 'postgres', (client) =>
    client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`),
  );
  const [schema, transferFunction] = await Promise.all(
    ['schema.sql', 'transfer-function.sql'].map((file) => readFile(new URL(file, import.meta.url), 'utf8')),
  );
  await withClient(cluster, database, async (client) => {
    await client.query(`${schema}${transferFunction}`);
    await client.query('INSERT INTO accounts (id) SELECT unnest($1::text[])', [[fundingAccount, ...accounts]]);
    await client.query('INSERT INTO balances (account_id, asset) VALUES ($1, $2)', [fundingAccount, assetCode]);
    await client.query('INSERT INTO balances (account_id, asset, floor) SELECT unnest($1::text[]), $2, 0', [
      accounts,
      assetCode,
    ]);
    for (const account of accounts) await transfer(client, `fund-${account}`, fundingAccount, account, funding);
    await client.query('VACUUM ANALYZE');
  });
}

/**
 * Posts transfers of 1 in the given order, by the peer's own function, so that the history is what its service would have
 * written. Many of them to a transaction of the database, since only the result matters here, but not all: the dead versions
 * of the balances could not be cleaned up.
 */
export async function loadPeerHistory(
  cluster: PostgresCluster,
  database: string,
  transfers: Iterable<readonly [source: string, destination: string]>,
): Promise<void> {
  const pairs = [...transfers];
  await withClient(cluster, database, async (client) => {
    for (let first = 0; first < pairs.length; first += TRANSFERS_PER_STATEMENT) {
      const batch = pairs.slice(first, first + TRANSFERS_PER_STATEMENT);
      await client.query(
        `SELECT count((transfer('history-' || ($4::int + n), 'loaded', source, destination, $3, 1, NULL, NULL)).status)
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS pairs (source, destination, n)`,
        [batch.map(([source]) => source), batch.map(([, destination]) => destination), assetCode, first],
      );
    }
    await client.query('VACUUM ANALYZE');
  });
}

/** Copies a database that nobody is connected to, statistics included. */
export async function copyPeerDatabase(cluster: PostgresCluster, from: string, to: string): Promise<void> {
  await withClient(cluster, 'postgres', (client) =>
    client.query(`CREATE DATABASE ${client.escapeIdentifier(to)} TEMPLATE ${client.escapeIdentifier(from)}`),
  );
}

/** Leaves only the primary key to find an account's entries by. */
export async function dropAccountIndex(cluster: PostgresCluster, database: string): Promise<void> {
  await withClient(cluster, database, (client) => client.query('DROP INDEX entries_of_account'));
}

/** The sum over all balances, and over all entries; both are zero in a sound ledger. */
export async function sumPeerBooks(cluster: PostgresCluster, database: string): Promise<readonly bigint[]> {
  return withClient(cluster, database, async (client) => {
    const { rows } = await client.query<{ balances: string; entries: string }>(
      'SELECT (SELECT sum(amount) FROM balances) AS balances, (SELECT sum(amount) FROM entries) AS entries',
    );
    return rows.flatMap((row) => [BigInt(row.balances), BigInt(row.entries)]);
  });
}

async function transfer(
  client: Client,
  key: string,
  source: string,
  destination: string,
  amount: bigint,
): Promise<void> {
  await client.query({
    name: 'fund',
    text: 'SELECT transfer($1, $1, $2, $3, $4, $5, NULL, NULL)',
    values: [key, source, destination, assetCode, amount],
  });
}

async function withClient<T>(
  cluster: PostgresCluster,
  database: string,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ host: cluster.socketFolder, user: cluster.user, database });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

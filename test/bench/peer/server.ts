import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Pool } from 'pg';
import * as z from 'zod';
import { type TransferMethod, transferByFunction, transferByStatements } from './transfer.ts';

/**
 * The usual alternative to a serverless ledger: an Express service on PostgreSQL, with the routes of Florin's API that the
 * bench measures. It is started by the bench with its database in the PG… variables, and ends with its parent.
 */

const environment = z
  .object({
    PEER_METHOD: z.enum(['statements', 'function']),
    PEER_API_KEY_SHA256: z.string().length(64),
    PEER_POOL_SIZE: z.coerce.number().int().positive(),
  })
  .parse(process.env);

const transferBody = z.strictObject({
  source: z.string().min(1).max(128),
  destination: z.string().min(1).max(128),
  asset: z.string().min(1).max(35),
  amount: z.string().regex(/^[1-9][0-9]{0,17}$/),
  description: z.string().max(256).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
});

const pool = new Pool({ max: environment.PEER_POOL_SIZE });
const transfer: TransferMethod = environment.PEER_METHOD === 'function' ? transferByFunction : transferByStatements;
const expectedDigest = Buffer.from(environment.PEER_API_KEY_SHA256, 'hex');

const app = express().disable('x-powered-by');
app.use(authenticate);
app.use(express.json({ limit: '64kb' }));
app.post('/v1/transfers', postTransfer);
app.get('/v1/accounts/:accountId/balances/:asset', getBalance);
app.get('/v1/accounts/:accountId/entries', listEntries);

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));

function authenticate(request: Request, response: Response, next: NextFunction): void {
  const key = request.get('authorization')?.replace(/^Bearer /, '') ?? '';
  if (timingSafeEqual(createHash('sha256').update(key).digest(), expectedDigest)) next();
  else response.status(401).json({ code: 'unauthenticated' });
}

async function postTransfer(request: Request, response: Response): Promise<void> {
  const key = request.get('idempotency-key');
  const parsed = transferBody.safeParse(request.body);
  if (key === undefined || !parsed.success) {
    response.status(400).json({ code: key === undefined ? 'idempotency_key_missing' : 'invalid_request' });
    return;
  }
  const { source, destination, asset, amount, description = null, metadata = null } = parsed.data;
  const canonical = JSON.stringify([source, destination, asset, amount, description, metadata]);
  const answer = await transfer(pool, {
    key,
    requestHash: createHash('sha256').update(canonical).digest('hex'),
    source,
    destination,
    asset,
    amount: BigInt(amount),
    description,
    metadata,
  });
  if (answer.replayed) response.set('Idempotent-Replayed', 'true');
  response.status(answer.status).type('json').send(answer.response);
}

async function getBalance(request: Request, response: Response): Promise<void> {
  const { accountId, asset } = request.params;
  const { rows } = await pool.query<{ amount: string; floor: string | null; version: string }>({
    name: 'balance',
    text: 'SELECT amount, floor, version FROM balances WHERE account_id = $1 AND asset = $2',
    values: [accountId, asset],
  });
  const [row] = rows;
  if (row === undefined) {
    response.status(404).json({ code: 'not_found' });
    return;
  }
  const available = row.floor === null ? null : String(BigInt(row.amount) - BigInt(row.floor));
  response.json({ account: accountId, asset, posted: row.amount, held: '0', available, version: row.version });
}

async function listEntries(request: Request, response: Response): Promise<void> {
  const { rows } = await pool.query({
    name: 'entries',
    text: `SELECT e.id, e.transaction_id, e.counterparty, e.sequence, e.amount, e.balance_after, e.created_at, t.type, t.description
           FROM entries e JOIN transactions t ON t.id = e.transaction_id
           WHERE e.account_id = $1 AND e.asset = $2 AND e.id < $3 ORDER BY e.id DESC LIMIT $4`,
    values: [
      request.params.accountId,
      request.query.asset,
      request.query.cursor ?? '9223372036854775807',
      request.query.limit ?? 20,
    ],
  });
  response.json({
    data: rows.map((row) => ({
      account: request.params.accountId,
      asset: request.query.asset,
      sequence: row.sequence,
      amount: row.amount,
      balanceAfter: row.balance_after,
      transactionId: `tx_${row.transaction_id}`,
      type: row.type,
      description: row.description,
      counterparties: [row.counterparty],
      createdAt: row.created_at,
    })),
    nextCursor: rows.at(-1)?.id ?? null,
  });
}

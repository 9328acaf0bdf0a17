import { randomUUID } from 'node:crypto';
import type { OperationId } from '../../lib/http/routes.ts';
import { asset, type World } from './world.ts';

/** A request that would succeed for who may make it. */
export interface Prepared {
  readonly path: string;
  readonly body?: unknown;
}

/** Makes what a request is about, and the request. */
export type Prepare = (world: World) => Promise<Prepared> | Prepared;

const at =
  (path: string): Prepare =>
  () => ({ path });
const inAccount =
  (rest: string, body?: unknown): Prepare =>
  ({ account }) => ({ path: `/v1/accounts/${account}${rest}`, body });
const of =
  (make: 'hold' | 'transaction' | 'monitor' | 'webhook' | 'delivery' | 'client' | 'deadLetter' | 'auditRecord') =>
  (rest = '', body?: unknown): Prepare =>
  async (world) => ({ path: `${await world[make]()}${rest}`, body });

const ofHold = of('hold');
const ofTransaction = of('transaction');
const ofMonitor = of('monitor');
const ofWebhook = of('webhook');
const ofDelivery = of('delivery');
const ofClient = of('client');
const ofDeadLetter = of('deadLetter');

const money = { asset, amount: '5' };
const payment = ({ account, shop }: World) => ({ source: account, destination: shop, ...money });

/** One for each operation: a route without one does not compile. */
export const requests: Readonly<Record<OperationId, Prepare>> = {
  createAsset: () => ({
    path: '/v1/assets',
    body: { code: `A${randomUUID().replaceAll('-', '').slice(0, 20).toUpperCase()}` },
  }),
  listAssets: at('/v1/assets'),

  createAccount: () => ({ path: '/v1/accounts', body: {} }),
  listAccounts: at('/v1/accounts'),
  getAccount: inAccount(''),
  updateAccount: inAccount('', { metadata: { tier: 'gold' } }),
  listBalances: inAccount('/balances'),
  getBalance: inAccount('/balances/USD.2'),
  listEntries: inAccount('/entries'),
  getStatement: inAccount('/statements?asset=USD.2'),

  createDeposit: inAccount('/deposits', money),
  createWithdrawal: inAccount('/withdrawals', money),
  createTopUp: inAccount('/top-ups', money),
  createBonus: inAccount('/bonuses', money),
  createSpend: inAccount('/spends', money),
  createTransfer: (world) => ({ path: '/v1/transfers', body: payment(world) }),
  createTransaction: (world) => ({ path: '/v1/transactions', body: { postings: [payment(world)] } }),
  createBatch: (world) => ({ path: '/v1/batches', body: { transactions: [payment(world)] } }),
  createReversal: ofTransaction('/reversals', {}),
  getTransaction: ofTransaction(),
  listPending: inAccount('/pending'),

  createHold: ({ account }) => ({ path: '/v1/holds', body: { account, ...money } }),
  getHold: ofHold(),
  captureHold: async (world) => ({ path: `${await world.hold()}/captures`, body: { destination: world.shop } }),
  voidHold: ofHold('/void'),

  createFeeSchedule: () => ({ path: '/v1/fee-schedules', body: { rules: [] } }),
  listFeeSchedules: at('/v1/fee-schedules'),
  getFeeSchedule: ({ feeVersion }) => ({ path: `/v1/fee-schedules/${feeVersion}` }),

  exportEntries: at('/v1/entries'),
  getTrialBalance: at('/v1/admin/trial-balance'),
  getChecks: at('/v1/admin/checks'),
  listEvents: at('/v1/events'),
  getBlock: at('/v1/journal/blocks/1'),

  createMonitor: inAccount('/monitors', { asset, below: '1' }),
  listMonitors: inAccount('/monitors'),
  getMonitor: ofMonitor(),
  updateMonitor: ofMonitor('', { below: '2' }),
  deleteMonitor: ofMonitor(),

  createWebhook: () => ({ path: '/v1/webhooks', body: { url: 'https://example.com/hook' } }),
  listWebhooks: at('/v1/webhooks'),
  getWebhook: ofWebhook(),
  updateWebhook: ofWebhook('', { description: 'Books' }),
  deleteWebhook: ofWebhook(),
  rotateWebhookSecret: ofWebhook('/rotate-secret', {}),
  pingWebhook: ofWebhook('/ping'),
  listDeliveries: ofWebhook('/deliveries'),
  replayEvents: ofWebhook('/replays', { from: '1', to: '5' }),
  getDelivery: ofDelivery(),
  replayDelivery: ofDelivery('/replay'),

  listDeadLetters: at('/v1/admin/dead-letters'),
  getDeadLetter: ofDeadLetter(),
  reprocessDeadLetters: () => ({ path: '/v1/admin/dead-letters/reprocess', body: { filter: { kind: 'transaction' } } }),
  reprocessDeadLetter: ofDeadLetter('/reprocess'),
  discardDeadLetter: ofDeadLetter('/discard', { reason: 'Seen to' }),

  createClient: () => ({ path: '/v1/admin/clients', body: { name: 'Billing' } }),
  listClients: at('/v1/admin/clients'),
  getClient: ofClient(),
  updateClient: ofClient('', { name: 'Invoices' }),
  rotateClientKey: ofClient('/rotate-key', {}),
  revokeClient: ofClient('/revoke', {}),

  listAuditRecords: at('/v1/admin/audit-log'),
  exportAuditLog: at('/v1/admin/audit-log/export'),
  getAuditRecord: of('auditRecord')(),

  redactTransaction: ofTransaction('/redaction', { reason: 'Asked for' }),
  redactHold: ofHold('/redaction', { reason: 'Asked for' }),
  redactAccount: inAccount('/redaction', { reason: 'Asked for' }),

  getHealth: at('/health'),
  getOpenApi: at('/openapi.json'),
  getDocs: at('/docs'),
  getDocsFile: at('/docs/swagger-ui.css'),
};

/** Requests that take more than their route says, by the operation and what is asked of it. */
export const demanding: Readonly<Record<`${OperationId}/${string}`, Prepare>> = {
  'createAccount/unbounded': () => ({ path: '/v1/accounts', body: { unbounded: true } }),
  'createAccount/credit': () => ({ path: '/v1/accounts', body: { floors: { [asset]: '-1' } } }),
  'createAccount/shards': () => ({ path: '/v1/accounts', body: { unbounded: true, shards: 2 } }),
  'createReversal/overdraft': ofTransaction('/reversals', { allowOverdraft: true }),
  'updateWebhook/url': ofWebhook('', { url: 'https://example.com/other' }),
  'createTransaction/type': (world) => ({
    path: '/v1/transactions',
    body: { postings: [payment(world)], type: 'payroll' },
  }),
  'createBatch/type': (world) => ({
    path: '/v1/batches',
    body: { transactions: [payment(world), { postings: [payment(world)], type: 'payroll' }] },
  }),
  'createBatch/theirs': (world) => ({
    path: '/v1/batches',
    body: { transactions: [payment(world), { ...payment(world), source: world.shop, destination: world.account }] },
  }),
  'createClient/admin': () => ({ path: '/v1/admin/clients', body: { name: 'Billing', roles: ['admin'] } }),
  'createClient/subject': () => ({ path: '/v1/admin/clients', body: { name: 'A phone', subject: 'somebody' } }),
  'createClient/platform': () => ({ path: '/v1/admin/clients', body: { name: 'Root', scopes: ['admin:platform'] } }),
  'createClient/tenant': () => ({ path: '/v1/admin/clients', body: { name: 'Billing', tenant: 'third' } }),
  'listClients/tenant': at('/v1/admin/clients?tenant=third'),
};

import type * as z from 'zod';
import type { ProblemCode } from '../../lib/http/problem.ts';
import { isMutation, type Route } from '../../lib/http/route.ts';
import type { OperationId } from '../../lib/http/routes.ts';

/** A request that must fail, and how. */
export interface BadRow {
  readonly name: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bare?: boolean;
  readonly isBase64Encoded?: boolean;
  readonly code: ProblemCode;
  /** Where the fault must be reported, for `invalid_request`. */
  readonly pointer?: string;
}

/** A request that would succeed. Everything bad is one step away from it. */
interface Sample {
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Fields that null takes away. */
  readonly nullable?: readonly string[];
  /** Fields that the body cannot do without. */
  readonly required?: readonly string[];
  readonly query?: readonly string[];
  /** The largest `limit`, where it is not that of most lists. */
  readonly maxLimit?: number;
}

const movement = { asset: 'USD/2', amount: '5', description: 'Lunch', metadata: { order: '7' } };
const movementSample = { body: movement, required: ['asset', 'amount'], query: ['dryRun'] };
const memberTransfer = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '5' };
const transactionPath = `/v1/transactions/tx_${'a'.repeat(52)}`;
const holdPath = `/v1/holds/hold_${'a'.repeat(52)}`;

const webhookPath = `/v1/webhooks/wh_${'a'.repeat(26)}`;
const deliveryPath = `${webhookPath}/deliveries/dlv_000000000001${'a'.repeat(26)}`;

const clientPath = `/v1/admin/clients/cli_${'a'.repeat(26)}`;
const monitorPath = `/v1/accounts/alice/monitors/mon_${'a'.repeat(26)}`;
const deadLetter = `dl_${'1'.repeat(13)}${'a'.repeat(26)}`;
const deadLetterPath = `/v1/admin/dead-letters/${deadLetter}`;

const feeRule = { type: 'transfer', asset: 'USD/2', basisPoints: 150, payer: 'source', feeAccount: 'bob' };

/** One for each operation: a route without one does not compile. */
export const samples: Readonly<Record<OperationId, Sample>> = {
  createAsset: { path: '/v1/assets', body: { code: 'GEMS', name: 'Gems' }, required: ['code'] },
  listAssets: { path: '/v1/assets' },
  createAccount: {
    path: '/v1/accounts',
    body: {
      id: 'dora',
      unbounded: false,
      freezes: 'all',
      floors: { 'USD/2': '-5' },
      limits: { 'USD/2': { hour: { count: 2 }, day: { amount: '5' } } },
      owner: 'dora@example.org',
      metadata: { tier: 'gold' },
    },
  },
  createMonitor: {
    path: '/v1/accounts/alice/monitors',
    body: { asset: 'USD/2', below: '100', description: 'Tell finance' },
    required: ['asset', 'below'],
  },
  listMonitors: { path: '/v1/accounts/alice/monitors' },
  getMonitor: { path: monitorPath },
  updateMonitor: { path: monitorPath, body: { above: '100', description: 'High' }, nullable: ['description'] },
  deleteMonitor: { path: monitorPath },
  listAuditRecords: {
    path: '/v1/admin/audit-log',
    query: ['action', 'client', 'target', 'from', 'to', 'limit', 'cursor'],
  },
  exportAuditLog: { path: '/v1/admin/audit-log/export', query: ['from', 'to', 'limit', 'cursor'], maxLimit: 500 },
  getAuditRecord: { path: '/v1/admin/audit-log/1' },
  listDeadLetters: { path: '/v1/admin/dead-letters', query: ['status', 'kind', 'source', 'limit', 'cursor'] },
  getDeadLetter: { path: deadLetterPath },
  reprocessDeadLetters: {
    path: '/v1/admin/dead-letters/reprocess',
    body: { filter: { kind: 'message', source: 'lines' }, limit: 5 },
    required: ['filter'],
  },
  reprocessDeadLetter: { path: `${deadLetterPath}/reprocess` },
  discardDeadLetter: { path: `${deadLetterPath}/discard`, body: { reason: 'Repaired' }, required: ['reason'] },
  listEvents: { path: '/v1/events', query: ['after', 'types', 'limit'] },
  getBlock: { path: '/v1/journal/blocks/1' },
  createClient: {
    path: '/v1/admin/clients',
    body: {
      name: 'Billing',
      roles: ['writer'],
      scopes: ['webhooks:read'],
      subject: 'user-1',
      rate: { requestsPerSecond: 5, burst: 10 },
      expiresAt: '2100-01-01T00:00:00Z',
      tenant: 'default',
    },
    required: ['name'],
  },
  listClients: { path: '/v1/admin/clients', query: ['limit', 'cursor', 'tenant'] },
  getClient: { path: clientPath, query: ['tenant'] },
  updateClient: {
    path: clientPath,
    body: { name: 'Billing', roles: [], scopes: [], rate: { requestsPerSecond: 5, burst: 10 }, expiresAt: null },
    nullable: ['rate', 'expiresAt'],
    query: ['tenant'],
  },
  rotateClientKey: { path: `${clientPath}/rotate-key`, body: { overlapSeconds: 60 }, query: ['tenant'] },
  revokeClient: { path: `${clientPath}/revoke`, body: { reason: 'Leaked' }, query: ['tenant'] },
  redactTransaction: { path: `${transactionPath}/redaction`, body: { reason: 'Erasure' }, required: ['reason'] },
  redactHold: { path: `${holdPath}/redaction`, body: { reason: 'Erasure' }, required: ['reason'] },
  redactAccount: {
    path: '/v1/accounts/alice/redaction',
    body: { reason: 'Erasure', owner: true },
    required: ['reason'],
  },
  createWebhook: {
    path: '/v1/webhooks',
    body: { url: 'https://example.com/hook', types: ['hold.*'], description: 'Books', ordered: true },
    required: ['url'],
  },
  listWebhooks: { path: '/v1/webhooks', query: ['limit', 'cursor'] },
  getWebhook: { path: webhookPath },
  updateWebhook: {
    path: webhookPath,
    body: { url: 'https://example.com/hook', types: ['hold.*'], description: 'Books', status: 'disabled' },
  },
  deleteWebhook: { path: webhookPath },
  rotateWebhookSecret: { path: `${webhookPath}/rotate-secret`, body: { overlapSeconds: 60 } },
  pingWebhook: { path: `${webhookPath}/ping` },
  listDeliveries: { path: `${webhookPath}/deliveries`, query: ['limit', 'cursor'] },
  getDelivery: { path: deliveryPath },
  replayDelivery: { path: `${deliveryPath}/replay` },
  replayEvents: {
    path: `${webhookPath}/replays`,
    body: { from: '1', to: '5' },
    required: ['from', 'to'],
  },
  listAccounts: { path: '/v1/accounts', query: ['limit', 'cursor'] },
  getAccount: { path: '/v1/accounts/alice' },
  updateAccount: {
    path: '/v1/accounts/alice',
    body: {
      status: 'frozen',
      freezes: 'all',
      floors: { 'USD/2': '-5' },
      limits: { 'USD/2': { day: { amount: '5' } } },
      owner: null,
      metadata: { tier: null },
    },
  },
  listBalances: { path: '/v1/accounts/alice/balances' },
  getBalance: { path: '/v1/accounts/alice/balances/USD.2', query: ['at'] },
  listEntries: { path: '/v1/accounts/alice/entries', query: ['asset', 'from', 'to', 'order', 'limit', 'cursor'] },
  createDeposit: { path: '/v1/accounts/alice/deposits', ...movementSample },
  createWithdrawal: { path: '/v1/accounts/alice/withdrawals', ...movementSample },
  createTopUp: { path: '/v1/accounts/alice/top-ups', ...movementSample },
  createBonus: { path: '/v1/accounts/alice/bonuses', ...movementSample },
  createSpend: { path: '/v1/accounts/alice/spends', ...movementSample },
  createTransfer: {
    path: '/v1/transfers',
    body: { source: 'alice', destination: 'bob', ...movement },
    required: ['source', 'destination', 'asset', 'amount'],
    query: ['dryRun'],
  },
  createTransaction: {
    path: '/v1/transactions',
    body: {
      postings: [{ source: 'alice', destination: 'bob', asset: 'USD/2', amount: '5' }],
      type: 'payroll',
      description: 'Lunch',
      metadata: { order: '7' },
    },
    required: ['postings'],
    query: ['dryRun'],
  },
  getTransaction: { path: transactionPath },
  listPending: { path: '/v1/accounts/alice/pending', query: ['limit', 'cursor'] },
  createReversal: {
    path: `${transactionPath}/reversals`,
    body: { amount: '5', allowOverdraft: true, description: 'Returned', metadata: { order: '7' } },
    query: ['dryRun'],
  },
  createBatch: {
    path: '/v1/batches',
    body: { transactions: [memberTransfer] },
    required: ['transactions'],
    query: ['dryRun'],
  },
  createHold: {
    path: '/v1/holds',
    body: {
      account: 'alice',
      asset: 'USD/2',
      amount: '5',
      expiresInSeconds: 60,
      description: 'Hotel',
      metadata: { order: '7' },
    },
    required: ['account', 'asset', 'amount'],
  },
  getHold: { path: holdPath },
  captureHold: {
    path: `${holdPath}/captures`,
    body: { destination: 'bob', amount: '5', final: true, description: 'Hotel', metadata: { order: '7' } },
    required: ['destination'],
  },
  voidHold: { path: `${holdPath}/void` },
  createFeeSchedule: {
    path: '/v1/fee-schedules',
    body: { rules: [feeRule], effectiveAt: '2100-01-01T00:00:00Z' },
    required: ['rules'],
  },
  listFeeSchedules: { path: '/v1/fee-schedules', query: ['limit', 'cursor'] },
  getFeeSchedule: { path: '/v1/fee-schedules/1' },
  getStatement: {
    path: '/v1/accounts/alice/statements?asset=USD.2',
    query: ['from', 'to', 'format', 'limit', 'cursor'],
    maxLimit: 500,
  },
  exportEntries: { path: '/v1/entries', query: ['from', 'to', 'format', 'limit', 'cursor'], maxLimit: 500 },
  getTrialBalance: { path: '/v1/admin/trial-balance', query: ['at', 'asset', 'cursor'] },
  getChecks: { path: '/v1/admin/checks' },
  getHealth: { path: '/health' },
  getOpenApi: { path: '/openapi.json' },
  getDocs: { path: '/docs' },
  getDocsFile: { path: '/docs/swagger-ui.css' },
};

/** Bad values by the name of a field, of a path variable or of a query parameter. */
const badAmounts = [
  '-1',
  '0',
  0,
  -1,
  '9'.repeat(31),
  '1.5',
  1.5,
  '1e3',
  '+1',
  ' 1',
  '',
  'ten',
  '٣',
  true,
  null,
  {},
  [5],
  2 ** 53,
];
const badAccounts = ['', 'a b', 'ål', '💰', 'a::b', ':a', 'a:', 'a/b', 'a'.repeat(129), 7, null, ['alice']];
const badAssets = ['', 'usd', 'USD/222', 'USD/', 'USD.two', 'ÜSD', 'A'.repeat(33), '1USD', 7, null];
const badThresholds = ['9'.repeat(31), '1.5', 1.5, '1e3', '+1', ' 1', '', 'ten', true, {}, [5], 2 ** 53];
const badMetadata = [
  'order',
  7,
  [],
  { order: 7 },
  { order: { id: '7' } },
  { '': 'x' },
  { ['n'.repeat(65)]: 'x' },
  { note: 'x'.repeat(2_048) },
  Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`n${index}`, ''])),
];
const badFloors = [
  '5',
  7,
  [],
  { 'USD/2': '1' },
  { 'USD/2': 'x' },
  { usd: '0' },
  { 'USD/2': `-${'9'.repeat(31)}` },
  { 'USD/2': 0.5 },
];

const badLimits = [
  '5',
  7,
  [],
  { 'USD/2': {} },
  { 'USD/2': { hour: {} } },
  { 'USD/2': { week: { count: 1 } } },
  { 'USD/2': { hour: { count: 0 } } },
  { 'USD/2': { hour: { count: '1' } } },
  { 'USD/2': { hour: { count: 1.5 } } },
  { 'USD/2': { day: { amount: '0' } } },
  { 'USD/2': { day: { amount: '9'.repeat(31) } } },
  { usd: { day: { amount: '1' } } },
];
const badRates = ['', '0', '0.000', '-1', '1.', '.5', '01', '1e3', '1,5', 0.92, `0.${'1'.repeat(19)}`, '1'.repeat(13)];
const badExchanges = [
  'USD/2',
  [],
  {},
  { sell: 'USD/2', buy: 'EUR/2' },
  { sell: 'USD/2', buy: 'USD/2', rate: '1' },
  { sell: 'USD/2', buy: 'GEMS', rate: '1', rounding: 'nearest' },
  // The request has no posting of the asset bought.
  { sell: 'USD/2', buy: 'GEMS', rate: '1' },
  ...badRates.map((rate) => ({ sell: 'USD/2', buy: 'GEMS', rate })),
];
const badRules = [
  'x',
  null,
  {},
  [null],
  [{}],
  ...[
    { type: 'Transfer' },
    { asset: 'usd' },
    { basisPoints: 0 },
    { basisPoints: 10_001 },
    { basisPoints: 1.5 },
    { basisPoints: '150' },
    { flat: '0' },
    { flat: '-1' },
    { flat: '9'.repeat(31) },
    { minimum: '5', maximum: '4' },
    { basisPoints: undefined, minimum: '5' },
    { payer: 'bob' },
    { feeAccount: '' },
    { percent: 5 },
  ].map((difference) => [{ ...feeRule, ...difference }]),
  [feeRule, feeRule],
  Array.from({ length: 65 }, (_, index) => ({ ...feeRule, type: `type${index}` })),
];

const badSequences = ['', '0', '-1', '01', '1.5', 'one', '1'.repeat(13), 1, null, {}];

const badRatePolicies = [
  5,
  'unlimited',
  null,
  {},
  { requestsPerSecond: 5 },
  { requestsPerSecond: 0, burst: 10 },
  { requestsPerSecond: 1.5, burst: 10 },
  { requestsPerSecond: '5', burst: 10 },
  { requestsPerSecond: 5, burst: 20_001 },
  { requestsPerSecond: 10_001, burst: 10 },
  { requestsPerSecond: 5, burst: 10, perMinute: 1 },
];
const badTenants = ['', 'a b', 'a#b', 'ål', 't'.repeat(65), 7, null, {}];

const badFields: Readonly<Record<string, readonly unknown[]>> = {
  code: badAssets,
  name: ['', 'n'.repeat(65), 7, null],
  id: badAccounts,
  unbounded: ['true', 1, null],

  shards: [0, -1, 1.5, 65, '2', null, true, {}],
  floors: badFloors,
  limits: badLimits,
  freezes: ['', 'credits', 'ALL', 7, null, true],
  exchange: badExchanges,
  rules: badRules,
  owner: ['', 'o'.repeat(256), 7, {}],
  metadata: badMetadata,
  status: ['', 'open', 'ACTIVE', 7, null],
  account: badAccounts,
  source: badAccounts,
  destination: badAccounts,
  asset: badAssets,
  amount: badAmounts,
  expiresInSeconds: [0, -1, 1.5, 31 * 86_400 + 1, '60', '', true, null, {}],
  final: ['true', 1, null, 'yes'],
  allowOverdraft: ['true', 1, null, {}],
  transactions: [
    [],
    {},
    'x',
    null,
    [null],
    [{}],
    [memberTransfer, { ...memberTransfer, amount: '0' }],
    [{ ...memberTransfer, amonut: '5' }],
    [{ postings: [] }],
    Array.from({ length: 32 }, () => memberTransfer),
  ],
  url: [
    '',
    'example.com',
    'ftp://example.com/',
    'http://example.com/',
    'https://user:pass@example.com/',
    'https://example.com/#top',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://[::ffff:169.254.169.254]/',
    'https://example.com:6379/',
    `https://example.com/${'a'.repeat(2_048)}`,
    7,
    null,
  ],
  types: ['hold.*', 7, null, [7], [''], ['*'], ['Hold.*'], ['hold'], ['hold.created.*'], Array(51).fill('hold.*')],
  ordered: ['true', 1, null, {}],
  overlapSeconds: [-1, 1.5, 30 * 86_400 + 1, '60', '', true, null, {}],
  from: badSequences,
  to: badSequences,
  below: badThresholds,
  above: badThresholds,
  ids: [[], 'x', null, [7], ['dl_1'], [deadLetter, deadLetter], Array(51).fill(deadLetter)],
  filter: ['', 7, [], null, { kind: 'other' }, { source: 'Lines' }, { status: 'open' }],
  limit: [0, -1, 1.5, 51, '5', null, true],
  reason: ['', 'r'.repeat(257), 7, null],
  roles: ['admin', null, [''], ['Admin'], ['owner'], [null], Array(5).fill('reader')],
  scopes: ['accounts:read', null, [''], ['accounts:*'], ['public'], [null], Array(99).fill('accounts:read')],
  subject: ['', 's'.repeat(256), 'é'.repeat(128), 7, null],
  rate: badRatePolicies,
  tenant: badTenants,
  description: ['d'.repeat(257), 'é'.repeat(129), 7, null],
  type: ['', 'Payroll', 'pay-roll', '9lives', 't'.repeat(33), 7, null],
  postings: [
    [],
    {},
    'x',
    null,
    [null],
    [{}],
    Array.from({ length: 17 }, () => ({ source: 'alice', destination: 'bob', asset: 'USD/2', amount: '1' })),
  ],
};

const badTimes = [
  '',
  'yesterday',
  '2026-11-21',
  '2026-02-30T00:00:00Z',
  '2026-11-21T10:00:00',
  '1234567890',
  '1969-12-31T23:59:59Z',
];

/** Of a body: times that are no texts at all, too. */
const badEnds = [...badTimes, 1_900_000_000_000, null, true, {}];

const badParameters: Readonly<Record<string, readonly (readonly [string, ProblemCode])[]>> = {
  limit: ['0', '101', '-1', '1.5', 'many', '', '1000'].map((text) => [text, 'invalid_request']),
  cursor: ['x', '', 'WzEsMiwzXQ', 'bm90IGpzb24', '💰', 'eyJ9'].map((text) => [text, 'invalid_cursor']),
  at: badTimes.map((text) => [text, 'invalid_request']),
  from: badTimes.map((text) => [text, 'invalid_request']),
  to: badTimes.map((text) => [text, 'invalid_request']),
  order: ['', 'newest', 'ASC'].map((text) => [text, 'invalid_request']),
  asset: ['', 'usd', 'USD.two', '💰'].map((text) => [text, 'invalid_request']),
  format: ['', 'xml', 'CSV'].map((text) => [text, 'invalid_request']),
  status: ['', 'new', 'OPEN'].map((text) => [text, 'invalid_request']),
  kind: ['', 'other', 'Message'].map((text) => [text, 'invalid_request']),
  source: ['', 'queue', 'Lines'].map((text) => [text, 'invalid_request']),
  tenant: ['', 'a%20b', 'a%23b', 't'.repeat(65)].map((text) => [text, 'invalid_request']),
  action: ['', 'account', 'account.*', 'Account.updated'].map((text) => [text, 'invalid_request']),
  client: ['', 'c'.repeat(257)].map((text) => [text, 'invalid_request']),
  target: ['', 't'.repeat(257)].map((text) => [text, 'invalid_request']),
  dryRun: ['', 'yes', 'TRUE', '1'].map((text) => [text, 'invalid_request']),
  after: ['x', '', '01', '-1', '1.5', 'WzEsMiwzXQ', '💰'].map((text) => [text, 'invalid_cursor']),
  types: ['', 'posted', 'transaction.', 'transaction.posted,,', 'account.*,hold', '💰'].map((text) => [
    text,
    'invalid_request',
  ]),
};

const badPathVariables: Readonly<Record<string, readonly string[]>> = {
  monitorId: ['mon_1', `mon_${'A'.repeat(26)}`, `mon_${'a'.repeat(27)}`, `wh_${'a'.repeat(26)}`, '%zz'],
  deadLetterId: ['dl_1', `dl_${'a'.repeat(39)}`, `dl_${'1'.repeat(13)}${'A'.repeat(26)}`, '%zz'],
  webhookId: ['wh_1', `wh_${'A'.repeat(26)}`, `wh_${'a'.repeat(27)}`, `dlv_${'a'.repeat(26)}`, '%zz'],
  clientId: ['cli_1', `cli_${'A'.repeat(26)}`, `cli_${'a'.repeat(27)}`, `wh_${'a'.repeat(26)}`, '%zz'],
  deliveryId: ['dlv_1', `dlv_1${'a'.repeat(26)}`, `dlv_000000000001${'A'.repeat(26)}`, '%zz'],
  accountId: ['a%20b', '%C3%A5l', 'a::b', 'a'.repeat(129), '%zz', '%ff', '%F0%9F%92%B0'],
  asset: ['usd', 'USD%2F222', 'USD.2.2', '%zz'],
  holdId: ['hold_1', 'alice', `hold_${'A'.repeat(52)}`, `tx_${'a'.repeat(52)}`, '%zz'],
  version: ['0', '-1', '1.5', '01', 'one', '9'.repeat(9), '%zz'],
  recordNumber: ['0', '-1', '1.5', '01', 'one', '9'.repeat(13), '%zz'],
  blockNumber: ['0', '-1', '1.5', '01', 'one', '9'.repeat(13), '%zz'],
  transactionId: ['tx_1', 'alice', `tx_${'A'.repeat(52)}`, '%zz'],
};

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 40 ? `${text.slice(0, 40)}… (${text.length})` : text;
}

/** Strangers, and callers who forget or garble their key. */
function headerRows(route: Route, { path, body }: Sample): BadRow[] {
  const rows: BadRow[] = [];
  const type = { 'Content-Type': 'application/json' };
  if (route.scope !== 'public') {
    const stranger = { 'Idempotency-Key': 'k', ...type };
    const wrong = `flk_dev_${'x'.repeat(32)}`;
    const credentials: Record<string, Record<string, string>> = {
      'no credentials': {},
      'a wrong bearer key': { Authorization: `Bearer ${wrong}` },
      'a wrong X-Api-Key': { 'X-Api-Key': wrong },
      'another scheme': { Authorization: 'Basic Zmxvcmlu' },
      'an empty bearer': { Authorization: 'Bearer ' },
    };
    for (const [name, headers] of Object.entries(credentials)) {
      rows.push({ name, path, body, bare: true, headers: { ...stranger, ...headers }, code: 'unauthenticated' });
    }
  }
  if (isMutation(route)) {
    rows.push({
      name: 'an empty key',
      path,
      body,
      headers: { 'Idempotency-Key': '' },
      code: 'idempotency_key_missing',
    });
    for (const key of ['k'.repeat(256), 'a b', 'schlüssel', '"a b"']) {
      rows.push({
        name: `the key ${show(key)}`,
        path,
        body,
        headers: { 'Idempotency-Key': key },
        code: 'invalid_request',
      });
    }
    const headers = { 'Idempotency-Key': 'one', 'X-Idempotency-Key': 'two' };
    rows.push({ name: 'two keys', path, body, headers, code: 'invalid_request', pointer: '/x-idempotency-key' });
  }
  return rows;
}

/** Bodies that are no JSON object of ours at all. */
function bodyRows({ path, body = {} }: Sample): BadRow[] {
  const good = JSON.stringify(body);
  const texts: [string, string, string?][] = [
    ['an empty body', ''],
    ['half a body', good.slice(0, -1)],
    ['two bodies', good + good],
    ['no JSON', 'source=alice&amount=5'],
    ['null', 'null'],
    ['a list', `[${good}]`],
    ['a text', '"alice"'],
    ['a name twice', good.replace('{', `{"${Object.keys(body)[0]}":null,`), `/${Object.keys(body)[0]}`],
    ['__proto__', good.replace('{', '{"__proto__":{"a":1},'), '/__proto__'],
    ['an unknown field', JSON.stringify({ ...body, amonut: '5' }), '/amonut'],
    ['a number that no double holds', good.replace('{', '{"x":9007199254740992,'), '/x'],
    ['a fraction', good.replace('{', '{"x":1.0,'), '/x'],
    ['too deep', good.replace('{', `{"x":${'['.repeat(20)}${']'.repeat(20)},`)],
    ['a lone surrogate', good.replace('{', '{"x":"\\ud800",'), '/x'],
    ['a byte order mark', `\ufeff${good}`],
  ];
  const rows: BadRow[] = texts.map(([name, text, pointer]) => ({
    name,
    path,
    body: text,
    code: 'invalid_request',
    ...(pointer !== undefined && { pointer }),
  }));
  const huge = JSON.stringify({ ...body, padding: 'x'.repeat(64 * 1_024) });
  const encoded = (bytes: Buffer): Pick<BadRow, 'path' | 'body' | 'isBase64Encoded'> => ({
    path,
    body: bytes.toString('base64'),
    isBase64Encoded: true,
  });
  rows.push(
    { name: 'a huge body', path, body: huge, code: 'too_large' },
    { name: 'a huge body in base64', ...encoded(Buffer.from(huge)), code: 'too_large' },
    {
      name: 'a body that is not UTF-8',
      ...encoded(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
      code: 'invalid_request',
    },
  );
  for (const type of ['text/plain', 'application/xml', 'application/json; charset=latin1', 'application/jsonx', '']) {
    rows.push({
      name: `the type "${type}"`,
      path,
      body,
      headers: { 'Content-Type': type },
      code: 'unsupported_media_type',
    });
  }
  return rows;
}

/** Every field of the body in turn with every bad value for it, and the required ones missing. */
function fieldRows(route: Route, { path, body = {}, required = [], nullable = [] }: Sample): BadRow[] {
  const fields = Object.keys((route.body as z.ZodObject).shape);
  const wrong = fields.flatMap((field): BadRow[] => {
    const values = field === 'expiresAt' || field === 'effectiveAt' ? badEnds : badFields[field];
    if (!values) throw new Error(`no bad values for the field ${field}`);
    const bad = values.filter((value) => value !== null || !nullable.includes(field));
    return bad.map((value) => ({
      name: `${field} ${show(value)}`,
      path,
      body: { ...body, [field]: value },
      code: 'invalid_request',
    }));
  });
  const missing = required.map((field): BadRow => {
    const { [field]: _, ...rest } = body;
    return { name: `no ${field}`, path, body: rest, code: 'invalid_request', pointer: `/${field}` };
  });
  return [...wrong, ...missing];
}

function withParameter(path: string, parameter: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${parameter}`;
}

function addressRows(route: Route, sample: Sample): BadRow[] {
  const rows: BadRow[] = [];
  const { path, body, query = [] } = sample;
  for (const [name, values] of Object.entries(badPathVariables)) {
    if (!route.path.includes(`{${name}}`)) continue;
    const index = route.path.split('/').indexOf(`{${name}}`);
    for (const value of values) {
      const bad = path.split('/').with(index, value).join('/');
      rows.push({
        name: `${name} ${show(value)} in the path`,
        path: bad,
        body,
        code: 'invalid_request',
        pointer: `/${name}`,
      });
    }
  }
  if (route.scope === 'public') return rows;
  rows.push({
    name: 'an unknown parameter',
    path: withParameter(path, 'dryrun=true'),
    body,
    code: 'invalid_request',
    pointer: '/dryrun',
  });
  for (const name of query) {
    const values = badParameters[name];
    if (!values) throw new Error(`no bad values for the parameter ${name}`);
    for (const [text, code] of values) {
      const value = name === 'limit' && text === '101' ? String((sample.maxLimit ?? 100) + 1) : text;
      const bad = withParameter(path, `${name}=${encodeURIComponent(value)}`);
      rows.push({ name: `${name}=${show(value)}`, path: bad, body, code });
    }
    const twice = withParameter(path, `${name}=1&${name}=2`);
    rows.push({ name: `${name} twice`, path: twice, body, code: 'invalid_request', pointer: `/${name}` });
  }
  return rows;
}

/** Well-formed requests about things that are not there, or that cannot be. */
export const contradictions: Readonly<Partial<Record<OperationId, readonly BadRow[]>>> = {
  getStatement: [
    { name: 'no asset', path: '/v1/accounts/alice/statements', code: 'invalid_request', pointer: '/asset' },
    { name: 'an account that is not there', path: '/v1/accounts/nobody/statements?asset=USD.2', code: 'not_found' },
    { name: 'an asset that is not there', path: '/v1/accounts/alice/statements?asset=EUR', code: 'not_found' },
    {
      name: 'a period that ends before it begins',
      path: '/v1/accounts/alice/statements?asset=USD.2&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      code: 'invalid_request',
      pointer: '/from',
    },
    {
      name: 'a period of the future',
      path: '/v1/accounts/alice/statements?asset=USD.2&from=2200-01-01T00:00:00Z',
      code: 'invalid_request',
      pointer: '/from',
    },
  ],
  getBlock: [{ name: 'a block that is yet to come', path: '/v1/journal/blocks/999999999999', code: 'not_found' }],
  exportEntries: [
    {
      name: 'a period that ends before it begins',
      path: '/v1/entries?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z',
      code: 'invalid_request',
      pointer: '/from',
    },
  ],
  createAsset: [{ name: 'an asset that exists', path: '/v1/assets', body: { code: 'USD/2' }, code: 'already_exists' }],
  createAccount: [
    { name: 'an account that exists', path: '/v1/accounts', body: { id: 'alice' }, code: 'already_exists' },
    {
      name: 'a floor in an unknown asset',
      path: '/v1/accounts',
      body: { floors: { EUR: '-1' } },
      code: 'asset_not_found',
    },
    {
      name: 'an unbounded account with a floor',
      path: '/v1/accounts',
      body: { unbounded: true, floors: { 'USD/2': '-1' } },
      code: 'invalid_request',
      pointer: '/floors',
    },
    ...[1, 65, 2.5, '16', -2].map(
      (shards): BadRow => ({
        name: `${JSON.stringify(shards)} shards`,
        path: '/v1/accounts',
        body: { unbounded: true, shards },
        code: 'invalid_request',
        pointer: '/shards',
      }),
    ),
    {
      name: 'shards of a bounded account',
      path: '/v1/accounts',
      body: { shards: 16 },
      code: 'invalid_request',
      pointer: '/shards',
    },
    {
      name: 'a spread account with limits of debits',
      path: '/v1/accounts',
      body: { unbounded: true, shards: 16, limits: { 'USD/2': { day: { count: 1 } } } },
      code: 'invalid_request',
      pointer: '/limits',
    },
  ],
  getAccount: [{ name: 'an unknown account', path: '/v1/accounts/nobody', code: 'not_found' }],
  updateAccount: [
    { name: 'an unknown account', path: '/v1/accounts/nobody', body: { status: 'frozen' }, code: 'not_found' },
    {
      name: 'a floor in an unknown asset',
      path: '/v1/accounts/alice',
      body: { floors: { EUR: '-1' } },
      code: 'asset_not_found',
    },
    {
      name: 'closing with a balance',
      path: '/v1/accounts/alice',
      body: { status: 'closed' },
      code: 'balance_conflict',
    },
    { name: 'nothing to change', path: '/v1/accounts/alice', body: {}, code: 'invalid_request' },
    {
      name: 'shards of a bounded account',
      path: '/v1/accounts/alice',
      body: { shards: 16 },
      code: 'invalid_request',
    },
    {
      name: 'a change of a closed account',
      path: '/v1/accounts/closed',
      body: { status: 'active' },
      code: 'account_closed',
    },
  ],
  listBalances: [{ name: 'an unknown account', path: '/v1/accounts/nobody/balances', code: 'not_found' }],
  getBalance: [
    { name: 'an unknown account', path: '/v1/accounts/nobody/balances/USD.2', code: 'not_found' },
    { name: 'an unknown asset', path: '/v1/accounts/alice/balances/EUR.2', code: 'not_found' },
  ],
  listEntries: [{ name: 'an unknown account', path: '/v1/accounts/nobody/entries', code: 'not_found' }],
  createTransfer: [
    ...(['source', 'destination'] as const).map((side): BadRow => {
      const body = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '5', [side]: 'nobody' };
      return { name: `an unknown ${side}`, path: '/v1/transfers', body, code: 'account_not_found' };
    }),
    {
      name: 'an unknown asset',
      path: '/v1/transfers',
      body: { source: 'alice', destination: 'bob', asset: 'EUR', amount: 5 },
      code: 'asset_not_found',
    },
    {
      name: 'one account',
      path: '/v1/transfers',
      body: { source: 'alice', destination: 'alice', asset: 'USD/2', amount: 5 },
      code: 'same_account',
    },
  ],
  createTransaction: [
    {
      name: 'one bad posting among good ones',
      path: '/v1/transactions',
      body: {
        postings: [
          { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '5' },
          { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '-5' },
        ],
      },
      code: 'invalid_request',
      pointer: '/postings/1/amount',
    },
    ...(
      [
        ['another amount than the rate says', '93', '/exchange/rate'],
        ['two postings of the asset sold', '92', '/postings'],
      ] as const
    ).map(([name, amount, pointer]): BadRow => {
      const sold = { source: 'alice', destination: 'bob', asset: 'USD/2', amount: '100' };
      const bought = { source: 'bob', destination: 'alice', asset: 'GEMS', amount };
      const postings = pointer === '/postings' ? [sold, bought, sold] : [sold, bought];
      const body = { postings, exchange: { sell: 'USD/2', buy: 'GEMS', rate: '92' } };
      return { name, path: '/v1/transactions', body, code: 'invalid_request', pointer };
    }),
  ],
  createFeeSchedule: [
    ...(
      [
        ['an unknown fee account', { feeAccount: 'nobody' }, 'account_not_found'],
        ['an unknown asset', { asset: 'EUR' }, 'asset_not_found'],
      ] as const
    ).map(([name, difference, code]): BadRow => {
      return { name, path: '/v1/fee-schedules', body: { rules: [{ ...feeRule, ...difference }] }, code };
    }),
    {
      name: 'an instant that is too early for all to know',
      path: '/v1/fee-schedules',
      body: { rules: [feeRule], effectiveAt: '2020-01-01T00:00:00Z' },
      code: 'invalid_request',
    },
    {
      name: 'two rules for one case',
      path: '/v1/fee-schedules',
      body: { rules: [feeRule, { ...feeRule, flat: '1' }] },
      code: 'invalid_request',
      pointer: '/rules/1',
    },
  ],
  getFeeSchedule: [{ name: 'an unknown version', path: '/v1/fee-schedules/1', code: 'not_found' }],
  getTransaction: [{ name: 'an unknown transaction', path: transactionPath, code: 'not_found' }],
  listPending: [{ name: 'the line of an unknown account', path: '/v1/accounts/nobody/pending', code: 'not_found' }],
  createReversal: [
    { name: 'an unknown transaction', path: `${transactionPath}/reversals`, body: {}, code: 'not_found' },
    {
      name: 'an unknown transaction, dry',
      path: `${transactionPath}/reversals?dryRun=true`,
      body: {},
      code: 'not_found',
    },
  ],
  createBatch: [
    ...(
      [
        ['a member without its amount', { amount: undefined }, 'invalid_request', '/transactions/1/amount'],
        ['a type of a transfer', { type: 'payroll' }, 'invalid_request', '/transactions/1/type'],
        ['a transfer with postings', { postings: [memberTransfer] }, 'invalid_request', '/transactions/1/source'],
        ['a member from an account to itself', { destination: 'alice' }, 'same_account', undefined],
        ['an unknown account', { destination: 'nobody' }, 'account_not_found', undefined],
        ['an unknown asset', { asset: 'EUR' }, 'asset_not_found', undefined],
      ] as const
    ).map(([name, difference, code, pointer]): BadRow => {
      const body = { transactions: [memberTransfer, { ...memberTransfer, ...difference }] };
      return { name, path: '/v1/batches', body, code, ...(pointer && { pointer }) };
    }),
    {
      name: 'more than fit one write',
      path: '/v1/batches',
      body: {
        transactions: Array.from({ length: 15 }, (_, i) => ({
          ...memberTransfer,
          source: `a${i}`,
          destination: `b${i}`,
        })),
      },
      code: 'invalid_request',
    },
  ],
  createHold: [
    ...(
      [
        ['an unknown account', { account: 'nobody' }, 'account_not_found'],
        ['an unknown asset', { asset: 'EUR' }, 'asset_not_found'],
        ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }, 'invalid_request'],
        ['an end far ahead', { expiresAt: '2999-01-01T00:00:00Z' }, 'invalid_request'],
        ['two ends', { expiresAt: '2999-01-01T00:00:00Z', expiresInSeconds: 5 }, 'invalid_request'],
      ] as const
    ).map(([name, difference, code]): BadRow => {
      const body = { account: 'alice', asset: 'USD/2', amount: '5', ...difference };
      return { name, path: '/v1/holds', body, code };
    }),
  ],
  getHold: [{ name: 'an unknown hold', path: holdPath, code: 'not_found' }],
  captureHold: [
    { name: 'an unknown hold', path: `${holdPath}/captures`, body: { destination: 'bob' }, code: 'not_found' },
  ],
  voidHold: [{ name: 'an unknown hold', path: `${holdPath}/void`, code: 'not_found' }],
  ...Object.fromEntries(
    (['Deposit', 'Withdrawal', 'TopUp', 'Bonus', 'Spend'] as const).map((flow) => {
      const { path, body } = samples[`create${flow}`];
      const nowhere = path.replace('alice', 'nobody');
      const rows: BadRow[] = [
        { name: 'an unknown account', path: nowhere, body, code: 'not_found' },
        { name: 'an unknown account, dry', path: `${nowhere}?dryRun=true`, body, code: 'not_found' },
        { name: 'an unknown asset', path, body: { ...body, asset: 'EUR/2' }, code: 'asset_not_found' },
      ];
      return [`create${flow}`, rows];
    }),
  ),
  getDocsFile: [
    { name: 'a file that is not of the page', path: '/docs/index.mjs', code: 'not_found' },
    { name: 'a way out of the folder', path: '/docs/..%2F..%2Fpackage.json', code: 'not_found' },
  ],
};

/** All that must fail on a route. */
export function badRows(route: Route): BadRow[] {
  const sample = samples[route.operationId as OperationId];
  return [
    ...headerRows(route, sample),
    ...(route.body ? [...bodyRows(sample), ...fieldRows(route, sample)] : []),
    ...addressRows(route, sample),
    ...(contradictions[route.operationId as OperationId] ?? []),
  ];
}

import http from 'k6/http';
import { get, post } from './client.js';
import { settings } from './settings.js';

/** What each account has at the start, in minor units. */
const funds = 1_000_000;

export const asset = 'LOAD/2';
const assetInPath = 'LOAD.2';

/** Accounts asked at once when the books are checked. */
const batchSize = 20;

const name = (part) => `load:${settings.run}:${part}`;

/** Where the run's money comes from: without a floor, so that all accounts together always have nothing. */
export const source = name('source');
export const hot = name('hot');

/** The accounts that transfers go between, the hot one not among them. */
export const accounts = Array.from({ length: settings.accounts }, (_, index) => name(index));

/** Opens the run's accounts and funds them. Throws where the API refuses. */
export function openBooks() {
  require(post('prepare', '/v1/assets', { code: asset }, `load-asset-${settings.run}`), [201, 409]);
  open(source, true);
  for (const account of [hot, ...accounts]) {
    open(account, false);
    const body = { source, destination: account, asset, amount: String(funds) };
    require(post('prepare', '/v1/transfers', body, `load-fund-${account}`), [201]);
  }
}

function open(id, unbounded) {
  require(post('prepare', '/v1/accounts', { id, ...(unbounded && { unbounded }) }, `load-open-${id}`), [201]);
}

function require(answer, statuses) {
  if (!statuses.includes(answer.status)) {
    throw new Error(`cannot prepare: ${answer.request.url} answered ${answer.status} ${answer.body}`);
  }
}

/**
 * Checks the run's books over the API when nobody uses them any more: nothing was made and nothing was lost, no account is
 * below zero, and the newest entry of each account leaves what its balance says. Returns what is wrong.
 */
export function checkBooks() {
  const wrong = [];
  const all = [source, hot, ...accounts];
  let sum = 0n;
  for (let start = 0; start < all.length; start += batchSize) {
    for (const { account, posted, newest } of readBooks(all.slice(start, start + batchSize))) {
      sum += posted;
      if (account !== source && posted < 0n) wrong.push(`${account} has ${posted}`);
      if (newest !== posted) wrong.push(`${account} has ${posted}, its newest entry leaves ${newest}`);
      const given = -BigInt(funds) * BigInt(accounts.length + 1);
      if (account === source && posted !== given) wrong.push(`the source has ${posted}, it gave ${-given}`);
    }
  }
  if (sum !== 0n) wrong.push(`all accounts together have ${sum}`);
  return wrong;
}

function readBooks(some) {
  const headers = { Authorization: `Bearer ${settings.apiKey}` };
  const requests = some.flatMap((account) =>
    [`balances/${assetInPath}`, `entries?asset=${assetInPath}&limit=1`].map((rest) => ({
      method: 'GET',
      url: `${settings.url}/v1/accounts/${account}/${rest}`,
      params: { headers, tags: { name: 'check', kind: 'check' } },
    })),
  );
  const answers = http.batch(requests);
  return some.map((account, index) => {
    const [balance, entries] = answers.slice(2 * index, 2 * index + 2);
    if (balance.status !== 200 || entries.status !== 200) throw new Error(`the books of ${account} cannot be read`);
    const newest = entries.json('data')[0];
    return { account, posted: BigInt(balance.json('posted')), newest: BigInt(newest?.balanceAfter ?? 0) };
  });
}

/** A balance and a page of history, as users look at them. */
export function readAccount(account) {
  return [
    get('balance', `/v1/accounts/${account}/balances/${assetInPath}`),
    get('history', `/v1/accounts/${account}/entries?asset=${assetInPath}`),
  ];
}

import * as z from 'zod';
import { type BenchAnswer, type BenchRequest, HttpConnection } from '../http-connection.ts';
import { assetCode, funding, fundingAccount } from '../population.ts';

type Api = { readonly url: string; readonly apiKey: string };
type Posting = { source: string; destination: string; asset: string; amount: string };

const CONNECTIONS = 8;
/** Most postings that one transaction takes: the fewest writes for a long history. */
const POSTINGS_PER_TRANSACTION = 16;

const accountsPage = z.object({
  data: z.array(z.object({ id: z.string() })),
  nextCursor: z.string().nullish(),
});
const balancesPage = z.object({ data: z.array(z.object({ asset: z.string(), posted: z.string() })) });

/** Makes the accounts and gives each its funds, through the API like everything here. */
export async function createFlorinAccounts(api: Api, accounts: readonly string[]): Promise<void> {
  await createEmptyAccounts(api, accounts);
  const fundings = accounts.map((destination) => posting(fundingAccount, destination, funding));
  await postAll(api, 'fund', fundings);
}

/** Makes accounts that have nothing. */
export async function createEmptyAccounts(api: Api, accounts: readonly string[]): Promise<void> {
  await sendAll(
    api,
    accounts.map((id) => post('/v1/accounts', `account-${id}`, { id })),
  );
}

/** Spreads the account that top-ups come from. */
export async function spreadTreasury(api: Api, shards: number): Promise<void> {
  const body = JSON.stringify({ shards });
  const path = '/v1/accounts/system:treasury';
  await sendAll(api, [{ method: 'PATCH', path, idempotencyKey: `spread-treasury-${shards}`, body }]);
}

/** Posts transfers of 1, sixteen to a transaction. */
export async function loadFlorinHistory(api: Api, transfers: Iterable<readonly [string, string]>): Promise<void> {
  const postings = Array.from(transfers, ([source, destination]) => posting(source, destination, 1n));
  await postAll(api, 'history', postings);
}

/** The sum of all balances of each asset, read account by account as any client could; all are zero in sound books. */
export async function sumFlorinBooks(api: Api): Promise<readonly bigint[]> {
  const sums = new Map<string, bigint>();
  const ids = await listAccounts(api);
  const answers = await sendAll(
    api,
    ids.map((id) => get(`/v1/accounts/${encodeURIComponent(id)}/balances`)),
  );
  for (const { body } of answers) {
    for (const { asset, posted } of balancesPage.parse(JSON.parse(body)).data) {
      sums.set(asset, (sums.get(asset) ?? 0n) + BigInt(posted));
    }
  }
  return [...sums.values()];
}

/**
 * Sends requests over a few connections, in order of their start, and returns their answers in that order.
 *
 * @throws Error on the first answer that is not a success.
 */
export async function sendAll(api: Api, requests: readonly BenchRequest[]): Promise<readonly BenchAnswer[]> {
  const answers = new Array<BenchAnswer>(requests.length);
  const queue = requests.entries();
  const work = async (): Promise<void> => {
    const connection = await HttpConnection.open(api.url, api.apiKey);
    try {
      for (const [index, request] of queue) {
        const answer = await connection.send(request);
        if (answer.status >= 300) {
          throw new Error(`${request.method} ${request.path} was answered ${answer.status}: ${answer.body}`);
        }
        answers[index] = answer;
      }
    } finally {
      connection.close();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  return answers;
}

async function postAll(api: Api, name: string, postings: readonly Posting[]): Promise<void> {
  const requests: BenchRequest[] = [];
  for (let first = 0; first < postings.length; first += POSTINGS_PER_TRANSACTION) {
    const part = postings.slice(first, first + POSTINGS_PER_TRANSACTION);
    requests.push(post('/v1/transactions', `${name}-${first}`, { postings: part }));
  }
  await sendAll(api, requests);
}

async function listAccounts(api: Api): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined = ''; cursor !== null && cursor !== undefined; ) {
    const query = new URLSearchParams({ limit: '100', ...(cursor === '' ? {} : { cursor }) });
    const [answer] = await sendAll(api, [get(`/v1/accounts?${query}`)]);
    const page = accountsPage.parse(JSON.parse(answer?.body ?? ''));
    ids.push(...page.data.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  return ids;
}

function posting(source: string, destination: string, amount: bigint): Posting {
  return { source, destination, asset: assetCode, amount: String(amount) };
}

function get(path: string): BenchRequest {
  return { method: 'GET', path };
}

function post(path: string, idempotencyKey: string, body: object): BenchRequest {
  return { method: 'POST', path, idempotencyKey, body: JSON.stringify(body) };
}

import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartFailure } from './start-failure.ts';

/** Where a machine is so busy that functions run out of time, the API says for a while that it has no answer yet. */
const insistMs = 60_000;
const insistPauseMs = 200;

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface SeedRequest {
  readonly path: string;
  /** Fixed for ever, so that a seed that was broken off continues where it was, and never pays twice. */
  readonly key: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const assets = {
  GOLD_COINS: 'Gold coins',
  DIAMONDS: 'Diamonds',
  LOYALTY_POINTS: 'Loyalty points',
  'USD/2': 'US dollars',
};
const systemAccounts = ['system:treasury', 'system:revenue', 'system:external'];
const users = ['user_001', 'user_002'];
/** What each user starts with, in minor units. */
const gifts = { GOLD_COINS: '1000', DIAMONDS: '50', LOYALTY_POINTS: '250' };
const firstDeposit = { asset: 'USD/2', amount: '10000' };

/** In the order in which they depend on each other. */
const requests: readonly SeedRequest[] = [
  ...Object.entries(assets).map(([code, name]) => ({
    path: '/v1/assets',
    key: `seed-asset-${code}`,
    body: { code, name },
  })),
  ...systemAccounts.map((id) => ({ path: '/v1/accounts', key: `seed-account-${id}`, body: { id, unbounded: true } })),
  ...users.map((id) => ({ path: '/v1/accounts', key: `seed-account-${id}`, body: { id } })),
  ...users.flatMap((user) => [
    ...Object.entries(gifts).map(([asset, amount]) => ({
      path: `/v1/accounts/${user}/top-ups`,
      key: `seed-top-up-${user}-${asset}`,
      body: { asset, amount, description: 'Starting balance' },
    })),
    {
      path: `/v1/accounts/${user}/deposits`,
      key: `seed-deposit-${user}`,
      body: { ...firstDeposit, description: 'First deposit' },
    },
  ]),
];

/**
 * Fills a new ledger with demo data through its own HTTP API. Repeating it changes nothing.
 * @throws {StartFailure} when the API refuses one of the requests, or has no answer to it within a minute.
 */
export async function seed(url: string, apiKey: string): Promise<void> {
  for (const wanted of requests) {
    const { status, text } = await insist(url, apiKey, wanted);
    // Whoever seeded before may have used other keys; what matters is that it is there.
    const exists = status === 409 && text.includes('already_exists');
    if (status !== 201 && !exists) {
      throw new StartFailure(
        `The demo data could not be made: POST ${wanted.path} answered ${status} ${text.slice(0, 500)}`,
      );
    }
  }
}

/** Sends a request, and the same again under its key while the API asks for that. */
async function insist(url: string, apiKey: string, wanted: SeedRequest): Promise<Answer> {
  const giveUpAt = Date.now() + insistMs;
  for (;;) {
    const answer = await post(url, apiKey, wanted);
    if (!isUndecided(answer) || Date.now() > giveUpAt) return answer;
    await sleep(insistPauseMs);
  }
}

function isUndecided({ status, text }: Answer): boolean {
  return status === 503 || status === 504 || (status === 409 && text.includes('in_progress'));
}

function post(url: string, apiKey: string, { path, key, body }: SeedRequest): Promise<Answer> {
  const payload = JSON.stringify(body);
  return new Promise((fulfil, reject) => {
    const outgoing = request(`${url}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(payload),
        'idempotency-key': key,
      },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('error', reject);
      answer.once('end', () => fulfil({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    outgoing.end(payload);
  });
}

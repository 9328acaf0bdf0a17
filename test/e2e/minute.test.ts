/** What takes a minute to hold everywhere. All of it is begun at once, in every place, so that it is the same minute. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { AccountsOfRun, asset, raceTimeoutMs } from './accounts-of-run.ts';
import { type ClientOfRun, clientOfRun } from './client-of-run.ts';
import { concurrencies, openTarget, type Target } from './target.ts';

/** Within this time every instance knows that a key is good no more, in milliseconds; and what the answers may take on a small machine. */
const knownEverywhereMs = 60_000;
const slackMs = 30_000;

/** Of this run's own, so that the schedule charges nothing to others who use the stage. */
const type = `levy_${randomUUID().slice(0, 8)}`;

interface Place {
  readonly target: Target;
  readonly levy: Levy;
  readonly keys: EndedKeys;
}

/** A fee that is on its way, and a payment that came before it. */
interface Levy {
  readonly schedule: ApiAnswer;
  readonly accounts: AccountsOfRun;
  readonly pay: (key?: string, query?: string) => Promise<ApiAnswer>;
  readonly early: ApiAnswer;
}

/** Keys that have ended while instances still know them to be good. */
interface EndedKeys {
  readonly endedAt: number;
  readonly ended: readonly ApiClient[];
  readonly successor: ApiClient;
}

let places: ReadonlyMap<string, Place>;
beforeAll(async () => {
  const opened = concurrencies.map(async ([name, options]): Promise<[string, Place]> => {
    const target = await openTarget(options);
    const levy = await announceLevy(target);
    return [name, { target, levy, keys: await endKeys(target) }];
  });
  places = new Map(await Promise.all(opened));
}, raceTimeoutMs);
afterAll(async () => {
  for (const { target } of places.values()) await target.stop();
});

async function announceLevy(target: Target): Promise<Levy> {
  const accounts = await AccountsOfRun.on(target);
  const feeAccount = await accounts.open('fees', { unbounded: true });
  const payer = await accounts.open('payer', {}, 10_000);
  const payee = await accounts.open('payee');
  const pay = (key: string = randomUUID(), query = '') => {
    const postings = [{ source: payer, destination: payee, asset, amount: '1000' }];
    return target.api.settle(`/v1/transactions${query}`, { type, postings }, key);
  };
  const rule = { type, asset, basisPoints: 150, payer: 'source', feeAccount };
  const schedule = await makeSchedule(target.api, [rule]);
  return { schedule, accounts, pay, early: await pay() };
}

/** The next version; where one of another run waits to take effect, right behind it. */
async function makeSchedule(api: ApiClient, rules: readonly object[]): Promise<ApiAnswer> {
  const made = await api.settle('/v1/fee-schedules', { rules });
  if (made.status !== 409) return made;
  const effectiveAt = new Date(Date.parse(made.body.effectiveAt) + 1).toISOString();
  return api.settle('/v1/fee-schedules', { rules, effectiveAt });
}

/** One client's key is replaced, and another's two keys are revoked, when all have just been used. */
async function endKeys(target: Target): Promise<EndedKeys> {
  const rotated = async ({ id, api }: ClientOfRun, overlapSeconds: number) => {
    const { status, body } = await target.api.post(`/v1/admin/clients/${id}/rotate-key`, { overlapSeconds });
    expect(status).toBe(200);
    return api.with(body.key);
  };
  const leaked = await clientOfRun(target, 'leaked', { roles: ['reader'] });
  const newer = await rotated(leaked, 3_600);
  const replaced = await clientOfRun(target, 'replaced', { roles: ['reader'] });
  const ended = [leaked.api, newer, replaced.api];
  for (const each of ended) expect(await statusesFor(each)).toEqual([200, 200, 200, 200]);

  const successor = await rotated(replaced, 0);
  const revoked = await target.api.post(`/v1/admin/clients/${leaked.id}/revoke`, { reason: 'It leaked.' });
  expect(revoked.body.status).toBe('revoked');
  return { endedAt: Date.now(), ended, successor };
}

/** Asks as a client several times at once, so that more than one instance answers. */
async function statusesFor(as: ApiClient): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: 4 }, () => as.get('/v1/assets')));
  return answers.map(({ status }) => status);
}

/** Waits until a key is refused wherever it is presented; until then it is good, or refused, and nothing else. */
async function refused(as: ApiClient, giveUpAt: number): Promise<void> {
  for (;;) {
    const statuses = await statusesFor(as);
    if (statuses.every((status) => status === 401)) return;
    for (const status of statuses) expect([200, 401]).toContain(status);
    if (Date.now() > giveUpAt) throw new Error('the key is good for longer than a minute');
    await sleep(500);
  }
}

describe.each(concurrencies)('a minute later, with functions run %s', (name) => {
  let place: Place;
  beforeAll(() => {
    place = places.get(name) as Place;
  });

  it(
    'a key that was replaced, and all keys of a client that was revoked, are refused everywhere',
    async () => {
      const { endedAt, ended, successor } = place.keys;
      await Promise.all(ended.map((each) => refused(each, endedAt + knownEverywhereMs + slackMs)));
      expect(await statusesFor(successor)).toEqual([200, 200, 200, 200]);
    },
    knownEverywhereMs + 2 * slackMs,
  );

  it(
    'a fee is charged, and was not before its instant',
    async () => {
      const { schedule, accounts, pay, early } = place.levy;
      expect(schedule.status).toBe(201);
      const [payer, payee, feeAccount] = ['payer', 'payee', 'fees'].map((text) => place.target.name(text)) as [
        string,
        string,
        string,
      ];
      const effectiveAt = Date.parse(schedule.body.effectiveAt);
      if (Date.parse(early.body.createdAt) < effectiveAt) expect(early.body).not.toHaveProperty('feeVersion');
      await sleep(Math.max(0, effectiveAt + 2_000 - Date.now()));

      const terms = { fees: [{ amount: '15', asset, payer: 'source', feeAccount }] };
      const dry = await pay(undefined, '?dryRun=true');
      expect([dry.status, dry.body]).toEqual([200, expect.objectContaining(terms)]);
      const before = BigInt(await accounts.balanceOf(payer));
      // Where the first payment came after the instant, it had its fee already.
      const feesBefore = BigInt(early.body.fees?.[0].amount ?? 0);
      const keys = [randomUUID(), randomUUID()];
      const answers = await Promise.all(Array.from({ length: 8 }, (_, index) => pay(keys[index % 2])));
      for (const answer of answers) expect([answer.status, answer.body]).toEqual([201, expect.objectContaining(terms)]);
      expect(new Set(answers.map(({ text }) => text)).size).toBe(2);
      expect(BigInt(await accounts.balanceOf(payer))).toBe(before - 2n * 1_015n);
      // Whole or in part, what was asked for comes back; the fee stays.
      const reversal = await place.target.api.settle(`/v1/transactions/${answers[0]?.body.id}/reversals`, {});
      expect(reversal.body.postings).toEqual([{ source: payee, destination: payer, asset, amount: '1000' }]);
      expect(BigInt(await accounts.balanceOf(feeAccount))).toBe(feesBefore + 30n);
      expect(await accounts.audit()).toEqual([]);
    },
    raceTimeoutMs,
  );
});

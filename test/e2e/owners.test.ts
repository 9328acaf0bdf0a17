import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { AccountsOfRun, asset, raceTimeoutMs } from './accounts-of-run.ts';
import { clientOfRun } from './client-of-run.ts';
import { openTarget, type Target } from './target.ts';
import { terminal } from './terminal.ts';

let target: Target;
let accounts: AccountsOfRun;
/** Makes calls as the owner of the first account, without roles or scopes. */
let ann: ApiClient;
let mine: string;
let second: string;
let theirs: string;

beforeAll(async () => {
  target = await openTarget();
  accounts = await AccountsOfRun.on(target);
  const [subject, another] = [target.name('ann'), target.name('bob')];
  mine = await accounts.open('mine', { owner: subject }, 1_000);
  second = await accounts.open('second', { owner: subject });
  theirs = await accounts.open('theirs', { owner: another }, 77_777);
  ann = (await clientOfRun(target, 'phone', { subject })).api;
}, raceTimeoutMs);
afterAll(async () => {
  expect(await accounts.audit()).toEqual([]);
  await target.stop();
}, raceTimeoutMs);

const transfer = (source: string, destination: string, amount: number) => ({ source, destination, asset, amount });

/** What an answer says but for the path that was asked for. */
function said({ status, body }: ApiAnswer) {
  const { instance: _, ...rest } = body;
  return { status, ...rest };
}

describe('an owner', () => {
  const reads = ['', '/balances', '/balances/USD.2', '/entries', '/statements?asset=USD.2', '/pending'];

  it('reads the own accounts, and of others just what is told of one that does not exist', async () => {
    for (const path of reads) {
      expect([path, (await ann.get(`/v1/accounts/${mine}${path}`)).status]).toEqual([path, 200]);
      const nowhere = said(await ann.get(`/v1/accounts/${target.name('nobody')}${path}`));
      expect(nowhere.status).toBe(404);
      expect(said(await ann.get(`/v1/accounts/${theirs}${path}`))).toEqual(nowhere);
    }
  });

  it(
    'spends from the own account, and is told of the own side',
    async () => {
      const before = Number(await accounts.balanceOf(theirs));
      const paid = await ann.settle('/v1/transfers', transfer(mine, theirs, 100));
      const both = await ann.settle('/v1/batches', {
        transactions: [transfer(mine, theirs, 10), transfer(mine, second, 10)],
      });
      const asked = await ann.settle('/v1/transfers', transfer(mine, theirs, 10), undefined, {
        prefer: 'respond-async',
      });
      expect([paid.status, both.status, asked.status]).toEqual([201, 201, 202]);
      const later = await terminal(ann, asked.body.id);
      const read = await ann.get(`/v1/transactions/${paid.body.id}`);
      expect([later.body.status, read.status]).toEqual(['posted', 200]);
      for (const { entries } of [paid.body, read.body, later.body, both.body.transactions[0]]) {
        expect(entries.map(({ account }: { account: string }) => account)).toEqual([mine]);
      }
      expect(both.body.transactions[1].entries).toHaveLength(2);
      for (const { text } of [paid, both, asked, later, read]) expect(text).not.toMatch(/"77[78]\d\d"/);
      expect([await accounts.balanceOf(mine), await accounts.balanceOf(second)]).toEqual(['870', '10']);
      expect(Number(await accounts.balanceOf(theirs))).toBe(before + 120);
    },
    raceTimeoutMs,
  );

  it('reserves of the own account, and reads it', async () => {
    const held = await ann.settle('/v1/holds', { account: mine, asset, amount: '5', expiresInSeconds: 3_600 });
    expect(held.status).toBe(201);
    expect((await ann.get(`/v1/holds/${held.body.id}`)).body).toEqual(held.body);
    expect((await ann.post(`/v1/holds/${held.body.id}/void`, undefined)).status).toBe(403);
    expect((await target.api.post(`/v1/holds/${held.body.id}/void`, undefined)).status).toBe(200);
  });

  it('takes nothing from anybody else', async () => {
    const before = await accounts.balanceOf(theirs);
    for (const [path, body] of [
      ['/v1/transfers', transfer(theirs, mine, 1)],
      ['/v1/transfers', transfer(target.name('bank'), mine, 1)],
      ['/v1/transactions', { postings: [transfer(mine, theirs, 1), transfer(theirs, mine, 2)] }],
      ['/v1/batches', { transactions: [transfer(mine, theirs, 1), transfer(theirs, mine, 2)] }],
      ['/v1/holds', { account: theirs, asset, amount: '1' }],
    ] as const) {
      for (const prefer of ['wait=2', 'respond-async']) {
        const { status, body: problem } = await ann.post(path, body, { headers: { prefer } });
        expect([path, status, problem.code]).toEqual([path, 403, 'forbidden']);
      }
    }
    for (const movement of ['withdrawals', 'spends']) {
      expect((await ann.post(`/v1/accounts/${theirs}/${movement}`, { asset, amount: '1' })).status).toBe(404);
    }
    for (const movement of ['deposits', 'top-ups', 'bonuses']) {
      expect((await ann.post(`/v1/accounts/${mine}/${movement}`, { asset, amount: '1' })).status).toBe(403);
    }
    expect(await accounts.balanceOf(theirs)).toBe(before);
  });

  it('has nothing to do with what is for the tenant', async () => {
    const { body } = await accounts.transfer(theirs, target.name('bank'), 1);
    expect((await ann.get(`/v1/transactions/${body.id}`)).status).toBe(404);
    expect((await ann.post(`/v1/transactions/${body.id}/reversals`, {})).status).toBe(403);
    expect((await ann.patch(`/v1/accounts/${mine}`, { floors: { [asset]: '-100' } })).status).toBe(403);
    for (const path of ['/v1/accounts', '/v1/assets', '/v1/entries', '/v1/events', '/v1/admin/clients']) {
      expect([path, (await ann.get(path)).status]).toEqual([path, 403]);
    }
  });

  it('loses an account with its ownership, at once', async () => {
    const path = `/v1/accounts/${second}`;
    expect((await ann.get(path)).status).toBe(200);
    expect((await target.api.patch(path, { owner: null })).status).toBe(200);
    expect((await ann.get(path)).status).toBe(404);
    expect((await ann.post('/v1/transfers', transfer(second, mine, 1))).status).toBe(403);
  });
});

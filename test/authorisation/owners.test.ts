import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer, Call, TestApi } from '../functions/api.ts';
import { drainLines } from '../functions/line-worker.ts';
import { fundedAccount, postedOf, startApiWithMoney } from '../functions/money.ts';
import { type CallersOf, callersOf, demand } from './callers.ts';

const asset = 'USD/2';

let api: TestApi;
let callers: CallersOf;
/** Makes calls as a subject with neither roles nor scopes. */
let ann: Call;
let bob: Call;
beforeAll(async () => {
  api = await startApiWithMoney();
  callers = callersOf(api);
  ann = await callers({ subject: 'ann' });
  bob = await callers({ subject: 'bob' });
});
afterAll(() => api.stop());

async function accountOf(owner: string, funds = 1_000): Promise<string> {
  const id = await fundedAccount(api, funds);
  await demand(200, api.call('PATCH', `/v1/accounts/${id}`, { owner }));
  return id;
}

const transfer = (source: string, destination: string, amount: number | string = 10) => ({
  source,
  destination,
  asset,
  amount: String(amount),
});

/** What an answer says but for what differs from one request to the next. */
function said({ status, body }: ApiAnswer) {
  const { instance: _, ...rest } = body;
  return { status, ...rest };
}

describe('an owner', () => {
  it('reads the own account, its balances, history, statement and line', async () => {
    const mine = await accountOf('ann');
    for (const path of [
      '',
      '/balances',
      '/balances/USD.2',
      '/balances/USD.2?at=2020-01-01T00:00:00Z',
      '/entries',
      '/statements?asset=USD.2',
      '/pending',
    ]) {
      expect({ path, status: (await ann('GET', `/v1/accounts/${mine}${path}`)).status }).toEqual({ path, status: 200 });
    }
  });

  it('is told of the account of another, or of nobody, just what is told of one that does not exist', async () => {
    const others = [await accountOf('bob'), await fundedAccount(api, 5), 'system:treasury'];
    const body = { asset, amount: '1' };
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/balances'],
      ['GET', '/balances/USD.2'],
      ['GET', '/entries'],
      ['GET', '/statements?asset=USD.2'],
      ['GET', '/pending'],
      ['POST', '/withdrawals'],
      ['POST', '/spends'],
      ['POST', '/spends?dryRun=true'],
    ] as const) {
      const at = (id: string) => ann(method, `/v1/accounts/${id}${path}`, method === 'POST' ? body : undefined);
      const nowhere = said(await at('nowhere'));
      expect({ path, status: nowhere.status }).toEqual({ path, status: 404 });
      for (const id of others) expect(said(await at(id))).toEqual(nowhere);
    }
  });

  it('reaches the account of another by no other spelling of its name', async () => {
    const theirs = await accountOf('bob');
    const mine = await accountOf('ann');
    const encoded = (id: string) => `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`;
    // It is decoded once, before anybody asks whose it is.
    expect((await ann('GET', `/v1/accounts/${encoded(mine)}`)).status).toBe(200);
    for (const [id, status] of [
      [encoded(theirs), 404],
      [encoded(theirs).replace('%', '%25'), 400],
      [theirs.toUpperCase(), 404],
      [`${theirs}%0a`, 400],
      [`${theirs}%00`, 400],
      [`${mine}%2f..%2f${theirs}`, 400],
    ] as const) {
      for (const call of [
        ann('GET', `/v1/accounts/${id}`),
        ann('POST', `/v1/accounts/${id}/spends`, { asset, amount: '1' }),
      ]) {
        expect({ id, status: (await call).status }).toEqual({ id, status });
      }
    }
    for (const source of [theirs.toUpperCase(), ` ${theirs}`, `${theirs}\n`, encoded(theirs), [theirs], null]) {
      const { status } = await ann('POST', '/v1/transfers', { ...transfer(mine, 'system:revenue'), source });
      expect([400, 403]).toContain(status);
    }
    const twice = JSON.stringify(transfer(mine, 'system:revenue')).replace('{', `{"source":"${theirs}",`);
    expect((await ann('POST', '/v1/transfers', twice)).status).toBe(400);
    expect(await postedOf(api, theirs)).toBe('1000');
  });

  it('spends not from the own account while that is frozen or when it is closed, and still reads it', async () => {
    const [mine, theirs] = [await accountOf('ann', 0), await accountOf('bob')];
    for (const [status, code] of [
      ['frozen', 'account_frozen'],
      ['closed', 'account_closed'],
    ]) {
      await demand(200, api.call('PATCH', `/v1/accounts/${mine}`, { status }));
      const answers = [
        await ann('POST', '/v1/transfers', transfer(mine, theirs)),
        await ann('POST', `/v1/accounts/${mine}/spends`, { asset, amount: '1' }),
        await ann('POST', '/v1/holds', { account: mine, asset, amount: '1' }),
      ];
      expect(answers.map(({ body }) => [body.code, body.account])).toEqual(answers.map(() => [code, mine]));
      expect((await ann('GET', `/v1/accounts/${mine}`)).body.status).toBe(status);
    }
  });

  it('spends from the own account, to anybody', async () => {
    const mine = await accountOf('ann');
    const theirs = await accountOf('bob', 500);
    const answer = await demand(201, ann('POST', '/v1/transfers', transfer(mine, theirs, 100)));
    expect(answer.body.postings).toEqual([transfer(mine, theirs, 100)]);
    await demand(201, ann('POST', `/v1/accounts/${mine}/withdrawals`, { asset, amount: '50' }));
    await demand(201, ann('POST', `/v1/accounts/${mine}/spends`, { asset, amount: '50' }));
    const postings = [transfer(mine, theirs), transfer(mine, 'system:revenue')];
    await demand(201, ann('POST', '/v1/transactions', { postings }));
    await demand(201, ann('POST', '/v1/batches', { transactions: [transfer(mine, theirs), { postings }] }));
    await demand(201, ann('POST', '/v1/holds', { account: mine, asset, amount: '5' }));
    expect([await postedOf(api, mine), await postedOf(api, theirs)]).toEqual(['750', '630']);
  });

  it('takes nothing from anybody else, whatever the request looks like, and nothing is written', async () => {
    const mine = await accountOf('ann');
    const theirs = await accountOf('bob');
    const requests: [string, unknown][] = [
      ['/v1/transfers', transfer(theirs, mine)],
      ['/v1/transfers', transfer('system:treasury', mine)],
      ['/v1/transfers', transfer('nowhere', mine)],
      ['/v1/transactions', { postings: [transfer(mine, theirs), transfer(theirs, mine, 11)] }],
      ['/v1/batches', { transactions: [transfer(mine, theirs), transfer(theirs, mine, 11)] }],
      ['/v1/batches', { transactions: [transfer(mine, theirs), { postings: [transfer(theirs, mine)] }] }],
      ['/v1/holds', { account: theirs, asset, amount: '5' }],
    ];
    const before = await api.contents();
    const problems = new Set<string>();
    for (const [path, body] of requests) {
      for (const [suffix, headers] of [
        ['', {}],
        ['', { Prefer: 'respond-async' }],
        ['?dryRun=true', {}],
      ] as const) {
        if (path === '/v1/holds' && suffix) continue;
        const answer = await ann('POST', path + suffix, body, { headers });
        problems.add(JSON.stringify(said(answer)));
      }
    }
    expect([...problems].map((text) => JSON.parse(text))).toEqual([
      expect.objectContaining({ status: 403, code: 'forbidden' }),
    ]);
    expect(await api.contents()).toEqual(before);
  });

  it('has nothing to do with what is for the tenant', async () => {
    const mine = await accountOf('ann');
    const sent = await demand(201, ann('POST', '/v1/transfers', transfer(mine, 'system:revenue')));
    const held = await demand(201, ann('POST', '/v1/holds', { account: mine, asset, amount: '5' }));
    const before = await api.contents();
    for (const [method, path, body] of [
      ['GET', '/v1/accounts'],
      ['GET', '/v1/entries'],
      ['GET', '/v1/events'],
      ['POST', '/v1/accounts', { owner: 'ann' }],
      ['PATCH', `/v1/accounts/${mine}`, { floors: { [asset]: '-100' } }],
      ['POST', `/v1/accounts/${mine}/deposits`, { asset, amount: '1' }],
      ['POST', `/v1/accounts/${mine}/top-ups`, { asset, amount: '1' }],
      ['POST', `/v1/accounts/${mine}/bonuses`, { asset, amount: '1' }],
      ['POST', `/v1/transactions/${sent.body.id}/reversals`, {}],
      ['POST', `/v1/holds/${held.body.id}/captures`, { destination: 'system:revenue' }],
      ['POST', `/v1/holds/${held.body.id}/void`],
    ] as const) {
      const answer = await ann(method, path, body);
      expect({ path, status: answer.status, code: answer.body.code }).toEqual({ path, status: 403, code: 'forbidden' });
    }
    expect(await api.contents()).toEqual(before);
  });

  it('names neither a type nor an exchange: fees go by them', async () => {
    const mine = await accountOf('ann');
    const postings = [transfer(mine, 'system:revenue')];
    const exchange = { sell: asset, buy: 'EUR/2', rate: '1' };
    await api.call('POST', '/v1/assets', { code: 'EUR/2' });
    const both = [...postings, { ...transfer(mine, 'system:revenue'), asset: 'EUR/2' }];
    for (const transaction of [
      { postings, type: 'payroll' },
      { postings: [...postings, ...postings], type: 'transfer' },
      { postings: both, exchange },
    ]) {
      expect((await ann('POST', '/v1/transactions', transaction)).body.code).toBe('forbidden');
      const batch = { transactions: [transfer(mine, 'system:revenue'), transaction] };
      expect((await ann('POST', '/v1/batches', batch)).body.code).toBe('forbidden');
    }
    await demand(201, ann('POST', '/v1/transactions', { postings, type: 'transfer' }));
  });

  it('loses an account with its ownership, at once', async () => {
    const mine = await accountOf('ann');
    await demand(201, ann('POST', '/v1/transfers', transfer(mine, 'system:revenue')));
    await demand(200, api.call('PATCH', `/v1/accounts/${mine}`, { owner: 'bob' }));
    expect((await ann('GET', `/v1/accounts/${mine}`)).status).toBe(404);
    expect((await ann('POST', '/v1/transfers', transfer(mine, 'system:revenue'))).status).toBe(403);
    expect((await bob('GET', `/v1/accounts/${mine}`)).status).toBe(200);
    await demand(200, api.call('PATCH', `/v1/accounts/${mine}`, { owner: null }));
    expect((await bob('GET', `/v1/accounts/${mine}`)).status).toBe(404);
  });

  it('of another tenant is somebody else', async () => {
    const mine = await accountOf('ann');
    const namesake = await callers({ tenant: 'other', subject: 'ann' });
    expect((await namesake('GET', `/v1/accounts/${mine}`)).status).toBe(404);
    expect((await namesake('POST', '/v1/transfers', transfer(mine, 'system:revenue'))).status).toBe(403);
  });

  it('with a role has that for all accounts, and the rest for the own', async () => {
    const mine = await accountOf('ann');
    const theirs = await accountOf('bob');
    const reader = await callers({ subject: 'ann', roles: ['reader'] });
    expect((await reader('GET', `/v1/accounts/${theirs}`)).status).toBe(200);
    expect((await reader('POST', '/v1/transfers', transfer(theirs, mine))).status).toBe(403);
    const { body } = await demand(201, reader('POST', '/v1/transfers', transfer(mine, theirs)));
    // The answer is of the scope that was used, which reaches the own accounts only.
    expect(body.entries.map(({ account }: { account: string }) => account)).toEqual([mine]);
  });
});

describe('what an owner is told of a transaction', () => {
  it('has no balance of others, in any answer', async () => {
    const mine = await accountOf('ann');
    const theirs = await accountOf('bob', 77_777);
    const key = randomUUID();
    const posted = await demand(201, ann('POST', '/v1/transfers', transfer(mine, theirs), { key }));
    const { id } = posted.body;
    const postings = [transfer(mine, theirs)];
    const answers = [
      posted,
      await demand(201, ann('POST', '/v1/transfers', transfer(mine, theirs), { key })),
      await demand(200, ann('POST', '/v1/transfers?dryRun=true', transfer(mine, theirs))),
      await demand(201, ann('POST', '/v1/transactions', { postings })),
      await demand(201, ann('POST', `/v1/accounts/${mine}/spends`, { asset, amount: '1' })),
      await demand(200, ann('GET', `/v1/transactions/${id}`)),
    ];
    for (const { body } of answers) {
      expect(body.entries).toHaveLength(1);
      expect(body.entries[0].account).toBe(mine);
    }
    expect(answers[1]?.text).toBe(posted.text);
    const batch = await demand(201, ann('POST', '/v1/batches', { transactions: [...postings, ...postings] }));
    const tried = await demand(200, ann('POST', '/v1/batches?dryRun=true', { transactions: postings }));
    for (const { entries } of [...batch.body.transactions, ...tried.body.transactions]) {
      expect(entries.map(({ account }: { account: string }) => account)).toEqual([mine]);
    }
    const all = [...answers, batch, tried].map(({ text }) => text).join();
    expect(all).not.toMatch(/"777|"778/);
    expect((await api.call('GET', `/v1/transactions/${id}`)).body.entries).toHaveLength(2);
  });

  it('has both sides where both are the own', async () => {
    const [one, two] = [await accountOf('ann'), await accountOf('ann')];
    const { body } = await demand(201, ann('POST', '/v1/transfers', transfer(one, two)));
    expect(body.entries).toHaveLength(2);
    expect((await ann('GET', `/v1/transactions/${body.id}`)).body).toEqual(body);
  });

  it('is the own side, for each owner, under a validator of its own', async () => {
    const [mine, theirs] = [await accountOf('ann'), await accountOf('bob')];
    const { body } = await demand(201, ann('POST', '/v1/transfers', transfer(mine, theirs)));
    const path = `/v1/transactions/${body.id}`;
    const [forAnn, forBob, forAll] = await Promise.all([ann('GET', path), bob('GET', path), api.call('GET', path)]);
    expect(forBob.body.entries).toEqual([expect.objectContaining({ account: theirs })]);
    expect(new Set([forAnn, forBob, forAll].map(({ headers }) => headers.ETag)).size).toBe(3);
    expect(forAnn.headers).toMatchObject({ Vary: 'Authorization, X-Api-Key', 'Cache-Control': 'private, no-cache' });
    const validator = (answer: ApiAnswer) => ({ headers: { 'If-None-Match': answer.headers.ETag ?? '' } });
    expect((await ann('GET', path, undefined, validator(forAnn))).status).toBe(304);
    expect((await bob('GET', path, undefined, validator(forAll))).status).toBe(200);
    const cas = await callers({ subject: 'cas' });
    expect((await cas('GET', path, undefined, { headers: { 'If-None-Match': '*' } })).status).toBe(404);
  });

  it('of others is what is told of one that does not exist', async () => {
    const theirs = await accountOf('bob');
    const others: string[] = [];
    const post = async (path: string, body: unknown) =>
      others.push((await demand(201, bob('POST', path, body))).body.id);
    await post('/v1/transfers', transfer(theirs, 'system:revenue'));
    const batch = { transactions: [transfer(theirs, 'system:revenue')] };
    const accepted = await demand(202, bob('POST', '/v1/batches', batch, { headers: { Prefer: 'respond-async' } }));
    others.push(accepted.body.id);
    const nowhere = said(await ann('GET', `/v1/transactions/tx_${'a'.repeat(52)}`));
    expect(nowhere.status).toBe(404);
    for (const id of others) expect(said(await ann('GET', `/v1/transactions/${id}`))).toEqual(nowhere);
    for (const status of ['pending', 'posted']) {
      const { body } = await demand(200, bob('GET', `/v1/transactions/${accepted.body.id}`));
      expect(body.status).toBe(status);
      await drainLines(api);
    }
    expect(said(await ann('GET', `/v1/transactions/${accepted.body.id}`))).toEqual(nowhere);
  });

  it('has none of the postings between others, whatever has become of it', async () => {
    const [mine, theirs, third] = [await accountOf('ann'), await accountOf('bob'), await accountOf('cas')];
    const ofAnn = transfer(mine, 'system:revenue');
    const ofOthers = transfer(theirs, third);
    const postings = [ofAnn, ofOthers, transfer('system:external', mine, 7)];
    const told = [ofAnn, postings[2]];
    const headers = { Prefer: 'respond-async' };
    const read = async ({ body }: ApiAnswer) => demand(200, ann('GET', `/v1/transactions/${body.id}`));

    const posted = await demand(201, api.call('POST', '/v1/transactions', { postings, type: 'payroll' }));
    const declined = await api.call('POST', '/v1/transactions', {
      postings: [...postings, transfer(theirs, third, 9_999)],
    });
    expect(declined.body.code).toBe('insufficient_funds');
    const waiting = await demand(202, api.call('POST', '/v1/transactions', { postings }, { headers }));
    const line = await demand(200, ann('GET', `/v1/accounts/${mine}/pending`));
    expect(line.body.data).toHaveLength(1);
    const answers = [
      line.body.data[0],
      (await read(waiting)).body,
      (await read(posted)).body,
      (await read({ ...declined, body: { id: declined.body.transactionId } })).body,
    ];
    await drainLines(api);
    answers.push((await read(waiting)).body);
    for (const { postings: shown, status } of answers) expect({ status, shown }).toEqual({ status, shown: told });
    for (const id of [theirs, third]) expect(JSON.stringify(answers)).not.toContain(id);
    expect(answers.map(({ status }) => status)).toEqual(['pending', 'pending', 'posted', 'rejected', 'posted']);
  });

  it('that was declined is told to those whom it would have taken from, not to whom it would have come', async () => {
    const [mine, theirs] = [await accountOf('ann'), await accountOf('bob')];
    const { body } = await demand(422, bob('POST', '/v1/transfers', transfer(theirs, mine, 5_000)));
    expect((await bob('GET', `/v1/transactions/${body.transactionId}`)).body.reason).toBe('insufficient_funds');
    // What another cannot pay says what another has.
    const nowhere = said(await ann('GET', `/v1/transactions/tx_${'a'.repeat(52)}`));
    expect(said(await ann('GET', `/v1/transactions/${body.transactionId}`))).toEqual(nowhere);

    const transactions = [transfer(theirs, 'system:revenue'), transfer(theirs, mine, 5_000)];
    const batch = await demand(422, bob('POST', '/v1/batches', { transactions }));
    const headers = { Prefer: 'respond-async' };
    const later = await demand(202, bob('POST', '/v1/batches', { transactions }, { headers }));
    await drainLines(api);
    for (const id of [batch.body.transactionId, later.body.id]) {
      const { body: read } = await demand(200, bob('GET', `/v1/transactions/${id}`));
      expect([read.status, read.reason]).toEqual(['rejected', 'insufficient_funds']);
      expect(said(await ann('GET', `/v1/transactions/${id}`))).toEqual(nowhere);
    }
  });

  it('says of a decline what was found on the own account, and nothing of another', async () => {
    const [mine, theirs] = [await accountOf('ann', 100), await accountOf('bob', 43_210)];
    const short = await demand(422, ann('POST', '/v1/transfers', transfer(mine, theirs, 500)));
    expect(short.body).toMatchObject({ code: 'insufficient_funds', account: mine, available: '100', required: '500' });
    await demand(200, api.call('PATCH', `/v1/accounts/${theirs}`, { status: 'frozen', freezes: 'all' }));
    const frozen = await demand(422, ann('POST', '/v1/transfers', transfer(mine, theirs, 5)));
    expect(frozen.body.code).toBe('account_frozen');
    expect(frozen.body).not.toHaveProperty('account');
  });
});

describe('what an owner is told of a hold', () => {
  it('is all of the own, and of others what is told of one that does not exist', async () => {
    const mine = await accountOf('ann');
    const { body } = await demand(201, ann('POST', '/v1/holds', { account: mine, asset, amount: '5' }));
    expect((await ann('GET', `/v1/holds/${body.id}`)).body).toEqual(body);
    const nowhere = said(await bob('GET', `/v1/holds/hold_${'a'.repeat(52)}`));
    expect(nowhere.status).toBe(404);
    expect(said(await bob('GET', `/v1/holds/${body.id}`))).toEqual(nowhere);
  });
});

describe('the keys of owners', () => {
  const other = (account: string) => ({ account, asset, amount: '2' });

  it('are their own: nobody uses one up that another is going to use, or learns that it was used', async () => {
    const [mine, theirs] = [await accountOf('ann'), await accountOf('bob')];
    const key = randomUUID();
    // An owner has guessed the key before the program and the other owner come to use it, for whatever it was.
    const hers = await demand(201, ann('POST', '/v1/transfers', transfer(mine, theirs), { key }));
    const his = await demand(201, bob('POST', '/v1/transfers', transfer(theirs, mine), { key }));
    const held = await demand(201, bob('POST', '/v1/holds', other(theirs), { key: `${key}-hold` }));
    const holding = await demand(201, api.call('POST', '/v1/holds', other(mine), { key: `${key}-hold` }));
    const theProgrammes = await demand(201, api.call('POST', '/v1/transfers', transfer(mine, theirs), { key }));
    expect(new Set([hers, his, theProgrammes].map(({ body }) => body.id)).size).toBe(3);
    expect(held.body.id).not.toBe(holding.body.id);

    for (const [call, body, made] of [
      [ann, transfer(mine, theirs), hers],
      [bob, transfer(theirs, mine), his],
      [api.call, transfer(mine, theirs), theProgrammes],
    ] as const) {
      const again = await call('POST', '/v1/transfers', body, { key });
      expect(again).toMatchObject({
        status: 201,
        headers: { 'Idempotent-Replayed': 'true' },
        body: { id: made.body.id },
      });
    }
  });

  it('are refused for another request of the same owner', async () => {
    const [mine, theirs] = [await accountOf('ann'), await accountOf('bob')];
    const key = randomUUID();
    await demand(201, ann('POST', '/v1/transfers', transfer(mine, theirs), { key }));
    const reused = await ann('POST', '/v1/batches', { transactions: [transfer(mine, theirs)] }, { key });
    expect(said(reused)).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });

  it('are those of the subject, whichever of its credentials it comes with', async () => {
    const [mine, theirs] = [await accountOf('ann'), await accountOf('bob')];
    const key = randomUUID();
    const { body } = await demand(201, ann('POST', '/v1/transfers', transfer(mine, theirs), { key }));
    const elsewhere = await callers({ subject: 'ann' });
    const again = await elsewhere('POST', '/v1/transfers', transfer(mine, theirs), { key });
    expect(again).toMatchObject({ status: 201, headers: { 'Idempotent-Replayed': 'true' }, body: { id: body.id } });
  });

  it('are no way to what a program did under the same text', async () => {
    const [mine, theirs] = [await accountOf('ann'), await accountOf('bob')];
    const key = randomUUID();
    const first = await demand(201, api.call('POST', '/v1/transfers', transfer(mine, theirs), { key }));
    const hers = await ann('POST', '/v1/transfers', transfer(mine, theirs), { key });
    expect(hers.status).toBe(201);
    expect(hers.headers).not.toHaveProperty('Idempotent-Replayed');
    expect(hers.text).not.toContain(first.body.id);
  });
});

describe('fees', () => {
  it('leave owners what is charged by them', async () => {
    const feed = await callers({ tenant: 'charging', roles: ['admin'] });
    await demand(201, feed('POST', '/v1/assets', { code: asset }));
    await demand(201, feed('POST', '/v1/accounts', { id: 'bank', unbounded: true }));
    for (const [id, owner] of [
      ['mine', 'ann'],
      ['fees', 'nobody'],
    ]) {
      await demand(201, feed('POST', '/v1/accounts', { id, owner }));
      await demand(201, feed('POST', '/v1/transfers', transfer('bank', id as string, 100)));
    }
    const owner = await callers({ tenant: 'charging', subject: 'ann' });
    const postings = [transfer('mine', 'fees', 1)];
    await demand(201, owner('POST', '/v1/transactions', { postings }));
    const rule = { type: 'transfer', asset, flat: '1', payer: 'source', feeAccount: 'fees' };
    await demand(201, feed('POST', '/v1/fee-schedules', { rules: [rule] }));
    // It is not in force yet, and will be before anything sent now could be late.
    for (const [path, body] of [
      ['/v1/transactions', { postings }],
      ['/v1/batches', { transactions: [{ postings: [...postings, ...postings] }] }],
    ] as const) {
      expect(await owner('POST', path, body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    }
    await demand(201, owner('POST', '/v1/transfers', transfer('mine', 'fees', 1)));
    await demand(201, owner('POST', '/v1/batches', { transactions: [transfer('mine', 'fees', 1)] }));
  });
});

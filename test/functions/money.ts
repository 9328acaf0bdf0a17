import { insistingly, startApi, type TestApi } from './api.ts';

/** An API whose ledger knows USD/2 and the accounts that the named movements pay from and to. */
export async function startApiWithMoney(): Promise<TestApi> {
  const api = await startApi();
  const call = insistingly(api.call);
  await call('POST', '/v1/assets', { code: 'USD/2' });
  for (const id of ['system:external', 'system:treasury', 'system:revenue']) {
    await call('POST', '/v1/accounts', { id, unbounded: true });
  }
  return api;
}

/** A new account with so much USD/2, in cents. */
export async function fundedAccount(api: TestApi, funds: number): Promise<string> {
  const call = insistingly(api.call);
  const { body } = await call('POST', '/v1/accounts', {});
  if (funds > 0) await call('POST', `/v1/accounts/${body.id}/deposits`, { asset: 'USD/2', amount: funds });
  return body.id;
}

/** What an account has of USD/2, in cents. */
export async function postedOf({ call }: TestApi, id: string): Promise<string> {
  return (await call('GET', `/v1/accounts/${id}/balances/USD.2`)).body.posted;
}

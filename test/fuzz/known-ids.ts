import type { ApiAnswer, ApiClient } from '../support/api-client.ts';

/** Makes one of each thing that a path can name, and tells their ids by the name of the path variable. */
export async function knownIds(api: ApiClient): Promise<Readonly<Record<string, readonly string[]>>> {
  const made = async (path: string, body: unknown): Promise<ApiAnswer> => {
    const answer = await api.post(path, body);
    if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status} ${answer.text}`);
    return answer;
  };
  const transfer = { source: 'user_001', destination: 'user_002', asset: 'USD/2', amount: '100' };
  const transactions = [await made('/v1/transfers', transfer), await made('/v1/transfers', transfer)];
  const hold = { account: 'user_001', asset: 'USD/2', amount: '50', expiresInSeconds: 3_600 };
  const holds = [await made('/v1/holds', hold), await made('/v1/holds', hold)];
  const webhook = await made('/v1/webhooks', { url: 'http://127.0.0.1:9/hook', types: ['hold.*'] });
  const monitor = await made('/v1/accounts/user_001/monitors', { asset: 'USD/2', below: '1' });
  const idsOf = (answers: readonly ApiAnswer[]): string[] => answers.map(({ body }) => body.id);
  return {
    accountId: ['user_001', 'user_002', 'system:external', 'system:treasury'],
    asset: ['USD.2', 'GOLD_COINS'],
    transactionId: idsOf(transactions),
    holdId: idsOf(holds),
    webhookId: idsOf([webhook]),
    monitorId: idsOf([monitor]),
    blockNumber: ['1'],
    file: ['swagger-ui.css', 'favicon.svg'],
  };
}

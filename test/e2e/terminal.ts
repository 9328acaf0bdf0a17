import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';

/** A place that starts a process for each batch takes its time; nothing here waits for it longer than it has to. */
const giveUpAfterMs = 120_000;
const longestPauseMs = 1_000;

/** The transaction when it has come to its end, or whatever else it is answered with. @throws where it is pending for two minutes */
export async function terminal(api: ApiClient, id: string): Promise<ApiAnswer> {
  const giveUpAt = Date.now() + giveUpAfterMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const answer = await api.get(`/v1/transactions/${id}`);
    if (answer.status !== 200 || answer.body.status !== 'pending') return answer;
    if (Date.now() > giveUpAt) throw new Error(`${id} is still pending`);
    await sleep(pauseMs);
  }
}

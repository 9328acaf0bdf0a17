import { readAs } from '../api/answer.ts';
import type { ApiClient } from '../api/client.ts';
import { largestPage } from '../api/pages.ts';
import { apiPath } from '../api/paths.ts';
import { ApiProblem } from '../api/problem.ts';
import { type BlockAnswer, blockAnswer, type EventAnswer, eventPage } from './journal-answers.ts';

/** One block; undefined where there is none of this number. @throws ApiProblem; Failure (unavailable, unexpected) */
export async function readBlock(api: ApiClient, number: bigint): Promise<BlockAnswer | undefined> {
  try {
    const { body } = await api.get(apiPath`/v1/journal/blocks/${String(number)}`);
    return readAs(blockAnswer, body).value;
  } catch (error) {
    if (error instanceof ApiProblem && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Blocks with what the API shows of their events, in order, one in memory at a time. @throws ApiProblem; Failure (unavailable, unexpected) */
export async function* walkJournal(
  api: ApiClient,
  from: bigint,
): AsyncGenerator<{ readonly block: BlockAnswer; readonly events: readonly EventAnswer[] }> {
  for (let number = from; ; number++) {
    const block = await readBlock(api, number);
    if (!block) return;
    yield { block, events: await eventsOf(api, block) };
  }
}

async function eventsOf(api: ApiClient, { firstSequence, events }: BlockAnswer): Promise<EventAnswer[]> {
  const shown: EventAnswer[] = [];
  let after = String(BigInt(firstSequence) - 1n);
  while (shown.length < events.length) {
    const limit = String(Math.min(largestPage, events.length - shown.length));
    const { value } = readAs(eventPage, (await api.get('/v1/events', { after, limit })).body);
    if (value.data.length === 0) break;
    shown.push(...value.data);
    after = value.nextCursor;
  }
  return shown;
}

import type { JournalReader } from '../../lib/dynamodb/journal/journal-reader.ts';
import { HttpProblem, json, type Operation, weakETag } from '../../lib/http/index.ts';
import { timeText } from '../../lib/http/representations.ts';

/** A block never changes, so that nobody needs to ask for it twice. */
const forGood = 'private, max-age=31536000, immutable';

export function getBlock(journal: JournalReader): Operation<'getBlock'> {
  return async ({ path: { blockNumber }, caller: { tenant } }) => {
    const block = await journal.block(tenant, blockNumber);
    if (!block) throw new HttpProblem('not_found', 'There is no such block yet.');
    const { number, firstSequence, previousHash, hash, createdAt, events } = block;
    const answer = {
      number: String(number),
      firstSequence: String(firstSequence),
      previousHash,
      hash,
      createdAt: timeText(createdAt),
      events: events.map(({ id, type, time, hash: eventHash }, index) => ({
        id,
        sequence: String(firstSequence + index),
        type,
        time: timeText(time),
        hash: eventHash,
      })),
    };
    return json(200, answer, { etag: weakETag(hash), headers: { 'Cache-Control': forGood } });
  };
}

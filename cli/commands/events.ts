import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Read, readAs } from '../api/answer.ts';
import type { ApiClient } from '../api/client.ts';
import { atMost, largestPage } from '../api/pages.ts';
import { wholeNumber } from '../arguments.ts';
import { contextOf } from '../context.ts';
import { type EventAnswer, eventPage } from '../journal/journal-answers.ts';
import type { Column } from '../output/table.ts';

interface EventsOptions {
  readonly after?: string;
  readonly types?: string;
  readonly limit?: number;
  readonly follow?: boolean;
}

/** How long is waited for more, in milliseconds. */
const followPauseMs = 1_000;

const columns: readonly Column<EventAnswer>[] = [
  { heading: 'EVENT', cell: ({ sequence }) => sequence, isNumber: true },
  { heading: 'TIME', cell: ({ time }) => time },
  { heading: 'TYPE', cell: ({ type }) => type },
  { heading: 'ABOUT', cell: ({ data }) => String(data.id ?? '') },
];

/** `florin events`: what happened, in the order of the journal. */
export function events(program: Command): void {
  const command = program
    .command('events')
    .description('show what happened, oldest first')
    .option('--after <sequence>', 'events behind this one: a sequence, or a nextCursor of the API')
    .option('--types <types>', 'of these types only, separated by commas, such as transaction.posted,hold.*')
    .option('--limit <count>', 'how many at most; all there are by default', wholeNumber(1, 999_999_999))
    .option('--follow', 'go on showing what happens, until it is stopped');
  command.action(async ({ after, types, limit, follow = false }: EventsOptions) => {
    const { api, output } = contextOf(command);
    const pages = pagesBehind(api, { after, types }, follow);
    await output.list(limit === undefined ? pages : atMost(limit, pages), columns);
  });
}

/** Pages of events, up to where there is nothing more yet; where it is followed, without an end. */
async function* pagesBehind(
  api: ApiClient,
  { after, types }: Pick<EventsOptions, 'after' | 'types'>,
  isFollowed: boolean,
): AsyncGenerator<readonly Read<EventAnswer>[]> {
  let position = after;
  for (;;) {
    const { body } = await api.get('/v1/events', { after: position, types, limit: String(largestPage) });
    const { value } = readAs(eventPage, body);
    if (value.data.length > 0) yield value.data.map((event) => ({ value: event, raw: event }));
    // A page without any of the types wanted may still have got further.
    const isEnd = value.data.length === 0 && value.nextCursor === position;
    position = value.nextCursor;
    if (!isEnd) continue;
    if (!isFollowed) return;
    await sleep(followPauseMs);
  }
}

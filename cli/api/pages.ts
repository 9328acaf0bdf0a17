import * as z from 'zod';
import { type Read, readAs } from './answer.ts';
import type { ApiClient } from './client.ts';

export const largestPage = 100;

const page = z.looseObject({ data: z.array(z.unknown()), nextCursor: z.string().optional() });

/**
 * Reads a list page by page, one page ahead of nobody: no more than one is in memory.
 * @throws ApiProblem; Failure (unavailable, unexpected)
 */
export async function* pagesOf<T>(
  api: ApiClient,
  path: string,
  query: Readonly<Record<string, string | undefined>>,
  item: z.ZodType<T>,
  pageSize: number = largestPage,
): AsyncGenerator<readonly Read<T>[]> {
  let cursor: string | undefined;
  do {
    const { body } = await api.get(path, { ...query, limit: String(pageSize), cursor });
    const { value } = readAs(page, body);
    yield value.data.map((raw) => readAs(item, raw));
    cursor = value.nextCursor;
  } while (cursor !== undefined);
}

/** As `pagesOf`, and ends after so many items. */
export async function* atMost<T>(
  count: number,
  pages: AsyncIterable<readonly Read<T>[]>,
): AsyncGenerator<readonly Read<T>[]> {
  let left = count;
  for await (const items of pages) {
    yield items.slice(0, left);
    left -= items.length;
    if (left <= 0) return;
  }
}

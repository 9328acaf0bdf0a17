import { accountAnswer } from '../api/answers.ts';
import type { ApiClient } from '../api/client.ts';
import { pagesOf } from '../api/pages.ts';
import { readAccountId } from '../arguments.ts';

/** The given accounts, else all. A list that is read while accounts are made may lack the newest. */
export async function* accountIds(api: ApiClient, given: readonly string[] | undefined): AsyncGenerator<string> {
  if (given) {
    yield* given.map(readAccountId);
    return;
  }
  for await (const accounts of pagesOf(api, '/v1/accounts', {}, accountAnswer)) {
    for (const { value } of accounts) yield value.id;
  }
}

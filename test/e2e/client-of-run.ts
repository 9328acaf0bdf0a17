import type { ApiClient } from '../support/api-client.ts';
import type { Target } from './target.ts';

/** What an API client may do; as the API takes it. */
export interface ClientTerms {
  readonly tenant?: string;
  readonly subject?: string;
  readonly roles?: readonly string[];
  readonly scopes?: readonly string[];
}

/** An API client of one run, and how it calls the API. */
export interface ClientOfRun {
  readonly id: string;
  readonly key: string;
  readonly api: ApiClient;
}

/**
 * Makes an API client, with the stage's own key.
 *
 * @throws what was answered, where that is no client
 */
export async function clientOfRun({ api, name }: Target, text: string, terms: ClientTerms): Promise<ClientOfRun> {
  const body = { name: name(text), ...terms };
  const made = await api.post('/v1/admin/clients', body);
  if (made.status !== 201) throw new Error(`no client was made: ${made.status} ${made.text}`);
  const { id, key } = made.body;
  return { id, key, api: api.with(key) };
}

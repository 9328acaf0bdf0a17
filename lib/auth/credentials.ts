import { looksLikeToken } from './token-form.ts';

/** Header names are lower-case, as the header normaliser leaves them. */
type Headers = Readonly<Record<string, string | undefined>>;

/**
 * The API key or token a request presents, as a bearer token or, a key only, in `X-Api-Key`. Undefined without one, and also where the two
 * headers name different ones, since then it is not clear who is asking. A token in `X-Api-Key` is none: what stands in front of an API
 * takes care of tokens where they belong, in `Authorization`, and there only.
 */
export function presentedCredential(headers: Headers): string | undefined {
  const authorization = headers.authorization;
  const apiKey = headers['x-api-key'];
  if (apiKey !== undefined && looksLikeToken(apiKey)) return undefined;
  if (authorization === undefined) return apiKey;
  const bearer = /^bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
  return apiKey === undefined || apiKey === bearer ? bearer : undefined;
}

/** Header names are lower-case, as the header normaliser leaves them. */
type Headers = Readonly<Record<string, string | undefined>>;

/**
 * The API key or token a request presents, as a bearer token or in `X-Api-Key`. Undefined without one, and also where the two
 * headers name different keys, since then it is not clear who is asking.
 */
export function presentedCredential(headers: Headers): string | undefined {
  const authorization = headers.authorization;
  const apiKey = headers['x-api-key'];
  if (authorization === undefined) return apiKey;
  const bearer = /^bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
  return apiKey === undefined || apiKey === bearer ? bearer : undefined;
}

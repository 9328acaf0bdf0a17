import { issuerKey } from './issuer-key.ts';
import type { LocalPage } from './local-pages.ts';
import { startLoopbackServer } from './loopback-server.ts';

/** Where its tokens are asked for, beside the API. */
export const tokenPath = '/dev/token';

/** What the issuer calls itself; nobody is asked there. */
const issuerName = 'urn:florin:development';
const audience = 'florin';

/** An issuer of tokens for trying, as part of the embedded runtime; nothing of it is in a template or in a function. */
export interface DevelopmentIssuer {
  /** What the functions are told of it, as the template's parameter takes it. */
  readonly configuration: string;
  readonly issuer: string;
  readonly jwksUri: string;
  /** Where tokens are asked for, with the development key. */
  readonly page: LocalPage;
  stop(): Promise<void>;
}

/**
 * Publishes the key in the file on a port of its own, which this machine alone can reach: the functions are told where it is before the
 * gateway has a port.
 *
 * @throws {StartFailure} when the file holds no such key.
 */
export async function startIssuer(keyFile: string, apiKey: string): Promise<DevelopmentIssuer> {
  const key = issuerKey(keyFile);
  const keySet = JSON.stringify({ keys: [key.jwk] });
  const server = await startLoopbackServer((incoming, outgoing) => {
    incoming.resume();
    const isAsked = incoming.method === 'GET' && incoming.url === '/jwks.json';
    outgoing.writeHead(isAsked ? 200 : 404, { 'content-type': 'application/json' }).end(isAsked ? keySet : undefined);
  });
  const jwksUri = `${server.endpoint}/jwks.json`;
  const algorithms = ['ES256'];
  const configuration = JSON.stringify([
    {
      name: 'dev',
      issuer: issuerName,
      jwksUri,
      audience: { values: [audience] },
      algorithms,
      tenantClaim: 'tenant',
      rolesClaim: 'roles',
    },
  ]);
  return {
    configuration,
    issuer: issuerName,
    jwksUri,
    page: {
      // Whoever wants no token waits for none of what makes them.
      async answer(incoming, outgoing) {
        const { answerTokenRequest } = await import('./token-endpoint.ts');
        await answerTokenRequest({ issuer: issuerName, audience, key, apiKey }, incoming, outgoing);
      },
    },
    stop: () => server.stop(),
  };
}

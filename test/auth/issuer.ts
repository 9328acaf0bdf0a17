import type { webcrypto } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly privateKey: webcrypto.CryptoKey;
  readonly publicJwk: JWK;
}

export async function makeKey(kid: string, algorithm = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return {
    kid,
    algorithm,
    privateKey,
    publicJwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' },
  };
}

/** A token of these claims and no others, signed with the key. */
export function sign(
  key: SigningKey,
  claims: JWTPayload,
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { algorithm: alg, kid, privateKey } = key;
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'JWT', ...header }).sign(privateKey);
}

type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** A server on this machine that publishes keys as issuers do, or does what a test says. */
export interface TestIssuer {
  readonly jwksUri: string;
  /** The keys that are published. */
  keys: SigningKey[];
  /** What is answered instead of the keys. */
  answer: Answer | undefined;
  /** How often it was asked. */
  requests: number;
  stop(): Promise<void>;
}

export async function startIssuer(...keys: SigningKey[]): Promise<TestIssuer> {
  const publish: Answer = (_, outgoing) => {
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(JSON.stringify({ keys: issuer.keys.map(({ publicJwk }) => publicJwk) }));
  };
  const server = createServer((incoming, outgoing) => {
    issuer.requests += 1;
    (issuer.answer ?? publish)(incoming, outgoing);
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  const issuer: TestIssuer = {
    jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    keys,
    answer: undefined,
    requests: 0,
    async stop() {
      server.closeAllConnections();
      await new Promise((fulfil) => server.close(fulfil));
    },
  };
  return issuer;
}

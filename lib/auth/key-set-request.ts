import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { createLocalJWKSet } from 'jose/jwks/local';
import { issuerTimeoutMs, maxKeySetBytes } from './token-limits.ts';

/** Finds the key that a token says it is signed with. */
export type KeyFinder = JWTVerifyGetKey;

/**
 * Asks an issuer for its keys. It takes no longer than a second and reads no more than 64 KB, whatever the other side does, and goes
 * nowhere else: an issuer that sends us on would not be the one that was configured.
 *
 * @throws Error where there is no such answer in time, or it holds no keys
 */
export async function requestKeySet(address: string): Promise<KeyFinder> {
  const answer = await fetch(address, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(issuerTimeoutMs),
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`the issuer's keys were answered with status ${answer.status}`);
  }
  // What it is decides jose, which throws for anything but a set of keys.
  return createLocalJWKSet(JSON.parse(await boundedText(answer)) as JSONWebKeySet);
}

async function boundedText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early gives the rest of the answer up.
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxKeySetBytes) throw new Error(`the issuer's keys have more than ${maxKeySetBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

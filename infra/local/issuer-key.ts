import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { keptPrivately } from '../private-file.ts';
import { StartFailure } from './start-failure.ts';

/** What the development issuer signs with. */
export interface IssuerKey {
  readonly privateKey: KeyObject;
  /** The public half, as it is published. */
  readonly jwk: Readonly<Record<string, unknown>>;
}

/**
 * The key in the file, made at the first start and readable by its owner only.
 * @throws {StartFailure} when the file holds no such key.
 */
export function issuerKey(file: string): IssuerKey {
  const privateKey = parse(keptPrivately(file, newKey), file);
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, jwk: { ...jwk, kid: 'development', alg: 'ES256', use: 'sig' } };
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function parse(pem: string, file: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch (error) {
    throw refused(file, error);
  }
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw refused(file);
  return key;
}

function refused(file: string, cause?: unknown): StartFailure {
  return new StartFailure(`${file} does not hold the development issuer's key. Remove it, and one is made for you.`, {
    cause,
  });
}

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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
  const privateKey = existsSync(file) ? read(file) : make(file);
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, jwk: { ...jwk, kid: 'development', alg: 'ES256', use: 'sig' } };
}

function make(file: string): KeyObject {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // Written aside and renamed, so that a crash never leaves half a key.
  writeFileSync(`${file}.new`, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return privateKey;
}

function read(file: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(readFileSync(file));
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

import { createHash, randomInt } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** A new key with 190 bits of chance; the prefix tells a reader, and a secret scanner, what it has found. */
export function newApiKey(stage: string): string {
  return `flk_${stage}_${Array.from({ length: 32 }, () => alphabet[randomInt(alphabet.length)]).join('')}`;
}

/** What the template's parameter takes: the service never sees the key itself before a client sends it. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

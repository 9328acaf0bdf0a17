import { randomBytes } from 'node:crypto';
import { keptPrivately } from '../private-file.ts';
import { StartFailure } from './start-failure.ts';

const keyBytes = 32;
const format = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The key that seals secrets in the database: made once, and kept in the file, readable by its owner only.
 * @throws {StartFailure} for a file that holds something else.
 */
export function secretsKey(file: string): Buffer {
  const text = keptPrivately(file, () => `${randomBytes(keyBytes).toString('base64')}\n`).trim();
  if (!format.test(text)) {
    throw new StartFailure(
      `${file} does not hold the key that seals secrets: ${keyBytes} bytes as base64. Put the file back that was there.\n` +
        'If it is lost, remove it and one is made; webhooks whose secrets were sealed with the lost one get nothing until these are rotated, with an overlapSeconds of 0.',
    );
  }
  return Buffer.from(text, 'base64');
}

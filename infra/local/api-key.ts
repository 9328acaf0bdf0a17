import { newApiKey } from '../api-key.ts';
import { keptPrivately } from '../private-file.ts';
import { StartFailure } from './start-failure.ts';

const format = /^flk_dev_[0-9A-Za-z]{32}$/;

/**
 * The development key: the given one, else the one made at the first start and kept in the file, readable by its owner only.
 * @throws {StartFailure} for a key that does not have the format of one.
 */
export function developmentKey(file: string, given: string | undefined): string {
  if (given !== undefined) return checked(given, 'FLORIN_API_KEY');
  return checked(keptPrivately(file, () => `${newApiKey('dev')}\n`).trim(), file);
}

function checked(key: string, origin: string): string {
  if (!format.test(key)) {
    throw new StartFailure(
      `${origin} does not hold a development key: it must be flk_dev_ and 32 letters or digits. ` +
        'Remove it, and one is made for you.',
    );
  }
  return key;
}

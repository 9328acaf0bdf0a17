import { base32, type CanonicalValue, digestOf } from '../ledger/index.ts';

declare const deadLetterId: unique symbol;

/** `dl_`, when it came about (milliseconds since 1970, 13 digits), and 26 characters that follow from what it is about. */
export type DeadLetterId = string & { readonly [deadLetterId]: true };

export const deadLetterIdPattern = /^dl_[0-9]{13}[a-z2-7]{26}$/;

const timeDigits = 13;
const markCharacters = 26;

/**
 * The id of a dead letter: ids sort by time, and what is kept twice has one id.
 *
 * @param time of what it is about, the same whenever it is asked for; milliseconds since 1970
 */
export function deadLetterIdOf(time: number, about: CanonicalValue): DeadLetterId {
  const mark = base32(Buffer.from(digestOf(['dead letter', about]), 'hex')).slice(0, markCharacters);
  return `dl_${String(time).padStart(timeDigits, '0')}${mark}` as DeadLetterId;
}

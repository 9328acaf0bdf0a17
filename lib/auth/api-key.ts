import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** Digits, then letters of both cases: 62 characters that no shell, URL or form has to escape, and that a double click selects whole. */
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 26 characters of 62 are 154 bits of chance. */
const randomCharacters = 26;

/** Six characters of 62 hold any CRC-32. */
const checksumCharacters = 6;

/** Random characters that are shown wherever a key is spoken of; what stays unknown is 119 bits. */
const shownCharacters = 6;

/** What may stand between `flk_` and the random part: the name of a stage. */
export const keyLabelPattern = /^[a-z][a-z0-9]{0,15}$/;

const keyPattern = new RegExp(
  `^flk_[a-z][a-z0-9]{0,15}_[${alphabet}]{${randomCharacters}}[${alphabet}]{${checksumCharacters}}$`,
);

/** The only kinds of text that are of use for a key: what a client sends, and what of it is kept. */
export interface NewApiKey {
  /** Told once, to who asked for it, and kept nowhere. */
  readonly key: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Tells people which key is meant. */
  readonly prefix: string;
}

/**
 * A new key: `flk_`, a label that tells where it is of use, `_`, 26 random characters and a checksum of all that. The prefix tells readers,
 * and programs that look for secrets, what they have found; the checksum tells a mistyped or invented key from a real one without asking
 * anybody. Source: "Behind GitHub's new authentication token formats", GitHub, 2021.
 *
 * @param label the stage's name
 */
export function newApiKey(label: string): NewApiKey {
  if (!keyLabelPattern.test(label)) throw new RangeError(`no label of an API key: ${label}`);
  const random = Array.from({ length: randomCharacters }, () => alphabet[randomInt(alphabet.length)]).join('');
  const checked = `flk_${label}_${random}`;
  const key = checked + checksumOf(checked);
  return { key, sha256: keyDigest(key), prefix: key.slice(0, checked.length - randomCharacters + shownCharacters) };
}

/** The SHA-256 of a key as 64 lower-case hexadecimal digits: all that is ever stored of it. Its chance makes salt and stretching needless. */
export function keyDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Whether a text could be a key that was made here: it has the form, and its checksum is right. */
export function isApiKey(text: string): boolean {
  return keyPattern.test(text) && checksumOf(text.slice(0, -checksumCharacters)) === text.slice(-checksumCharacters);
}

/** The CRC-32 of a text as six characters to the base of 62, the most significant first. */
function checksumOf(text: string): string {
  let rest = crc32(text);
  let characters = '';
  for (let place = 0; place < checksumCharacters; place++) {
    characters = alphabet[rest % alphabet.length] + characters;
    rest = Math.floor(rest / alphabet.length);
  }
  return characters;
}

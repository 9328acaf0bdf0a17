/** Put into everything that a client may write: a log line that has it shows what a customer stores. */
export const canary = 'cAnArY7Qx';

/** What no line of any log may have, each with the name of what it would give away. */
const patterns: readonly (readonly [string, RegExp])[] = [
  ['an API key', /\bflk_[A-Za-z0-9_-]{8,}/],
  ['the secret of a webhook', /\bwhsec_[A-Za-z0-9+/=_-]{8,}/],
  ['a token', /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.?/],
  // What is only said to stand there is none: Bearer <key>.
  ['a credential in a header', /\b(?:authorization|x-api-key)\\*["']?\s*[:=]\s*\\*["']?(?!(?:Bearer )?<)\S/i],
  ['a bearer token', /\bbearer\s+[A-Za-z0-9._~+/=-]{8,}/i],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ['what a client has stored', new RegExp(canary, 'i')],
];

export interface LogLeak {
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
  /** Where it stands, without the thing itself: this is printed, and what is printed is a log too. */
  readonly before: string;
}

const shownCharacters = 80;

/** Every line of a log that gives something away. */
export function logLeaks(text: string): LogLeak[] {
  return text.split('\n').flatMap((line, index) =>
    patterns.flatMap(([what, pattern]) => {
      const at = line.search(pattern);
      if (at < 0) return [];
      return [{ line: index + 1, what, before: line.slice(Math.max(0, at - shownCharacters), at) }];
    }),
  );
}

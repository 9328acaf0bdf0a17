import { JWKSNoMatchingKey } from 'jose/errors';
import { LedgerError } from '../ledger/index.ts';
import { type KeyFinder, requestKeySet } from './key-set-request.ts';
import { Outage, type OutageTelling } from './outage.ts';
import type { TokenIssuer } from './token-issuers.ts';
import { keysFreshMs, keysPauseMs, keysUsableMs } from './token-limits.ts';

interface KnownKeys {
  readonly find: KeyFinder;
  /** Milliseconds since 1970. */
  readonly asOf: number;
}

/**
 * The keys of one issuer, as they were at most ten minutes ago. Where the issuer cannot be reached, what is known goes on for a day.
 *
 * A key that is not known is asked for once; after that, as after a failure, the issuer is left alone for ten seconds, so neither
 * made-up names of keys nor an issuer that is down cost more than one request in that time. Tokens that come meanwhile share it.
 *
 * jose's own remote key set drops known keys when it cannot renew them, asks at once again after a failure, and reads answers of any size.
 */
export class IssuerKeys {
  readonly #issuer: Pick<TokenIssuer, 'name' | 'jwksUri'>;
  readonly #outage: Outage;
  readonly #now: () => number;
  #known: KnownKeys | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #failing = false;
  #asking: Promise<void> | undefined;

  constructor(issuer: Pick<TokenIssuer, 'name' | 'jwksUri'>, telling: OutageTelling, now: () => number) {
    this.#issuer = issuer;
    this.#outage = new Outage(telling);
    this.#now = now;
  }

  /**
   * The key that the token's header names.
   *
   * @throws JOSEError where the issuer has no such key
   * @throws LedgerError `unavailable` where the issuer cannot be asked now, and what is known does not tell
   */
  readonly find: KeyFinder = async (header, token) => {
    if (!this.#isWithin(this.#known?.asOf, keysFreshMs)) await this.#renew();
    try {
      return await this.#usable()(header, token);
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey)) throw error;
      const hasAsked = await this.#renew();
      // It may be a new key, which would be known by now.
      if (this.#failing) throw this.#unavailable();
      if (!hasAsked) throw error;
      return this.#usable()(header, token);
    }
  };

  #usable(): KeyFinder {
    if (this.#known && this.#isWithin(this.#known.asOf, keysUsableMs)) return this.#known.find;
    throw this.#unavailable();
  }

  #unavailable(): LedgerError {
    return new LedgerError('unavailable', 'the keys that the token would be verified with cannot be had now');
  }

  /** A clock that was turned back says nothing about how old something is. */
  #isWithin(since: number | undefined, forMs: number): boolean {
    const age = this.#now() - (since ?? Number.NEGATIVE_INFINITY);
    return age >= 0 && age < forMs;
  }

  /** Asks the issuer, unless that was done just now; answers whether it did, or waited for who did. */
  async #renew(): Promise<boolean> {
    if (!this.#asking && this.#isWithin(this.#askedAt, keysPauseMs)) return false;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
    return true;
  }

  async #ask(): Promise<void> {
    // Before the request: what it is answered may have been true only then.
    const asOf = this.#now();
    this.#askedAt = asOf;
    try {
      this.#known = { find: await requestKeySet(this.#issuer.jwksUri), asOf };
      this.#outage.over('the keys of an issuer can be had again', { issuer: this.#issuer.name });
      this.#failing = false;
    } catch (error) {
      this.#failing = true;
      const consequence = this.#known ? 'the known ones go on' : 'its tokens cannot be verified';
      this.#outage.note(asOf, `the keys of an issuer cannot be had; ${consequence}`, {
        issuer: this.#issuer.name,
        error: error as Error,
      });
    }
  }
}

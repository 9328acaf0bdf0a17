import type { Clock } from '../dynamodb/table/patience.ts';
import type { LineWriter } from '../observability/index.ts';
import { isKeyValidAt, type StoredApiKey } from '../platform/api-key-item.ts';
import { isApiKey, keyDigest } from './api-key.ts';
import type { ApiKeyLookup } from './api-key-lookup.ts';
import type { Authenticator } from './authenticator.ts';
import { type Caller, callerOf } from './caller.ts';
import { RecentlyUsed } from './recently-used.ts';

/** How long what was found out about a key is good: until then an instance does not ask again, and may not know of a change. */
export const apiKeyMaxAgeMs = 60_000;

/** Keys that an instance remembers: those that are good, and apart from them those that are not, so that inventing keys pushes no good one out. */
const rememberedKeys = 2_000;
const rememberedStrangers = 2_000;

/** What was found out about a key, and when that was asked. */
interface Finding {
  readonly asOf: number;
  /** Nothing where there is no such key. */
  readonly found?: { readonly key: StoredApiKey; readonly caller: Caller };
}

/** A lookup in flight, and when it was begun. */
interface Lookup {
  readonly asOf: number;
  readonly finding: Promise<Finding>;
}

export interface ApiKeysOptions {
  readonly lookup: Pick<ApiKeyLookup, 'find' | 'noteUse'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: LineWriter;
  /**
   * In place of the usual minute; with 0 a key is looked up at each request, only those that come at the same instant sharing an answer: who
   * comes later may have been revoked since.
   */
  readonly maxAgeMs?: number | undefined;
}

/**
 * Knows the keys of API clients. What is no key is refused without asking anybody; a key, good or not, is looked up at most once in a
 * minute by each instance, so a change of its client, or its revocation, is known everywhere within that minute. Whether a key has run out
 * is judged at each request. A failure to look up is not remembered.
 *
 * A key that is unknown, one that is revoked and one that has run out cost the same and are answered alike.
 */
export class ApiKeys {
  readonly #lookup: ApiKeysOptions['lookup'];
  readonly #clock: ApiKeysOptions['clock'];
  readonly #logger: LineWriter;
  readonly #maxAgeMs: number;
  readonly #known = new RecentlyUsed<string, Finding>(rememberedKeys);
  readonly #strangers = new RecentlyUsed<string, Finding>(rememberedStrangers);
  /** Lookups in flight, which requests with the same key share while what they find out will be good for them. */
  readonly #pending = new Map<string, Lookup>();

  constructor({ lookup, clock, logger, maxAgeMs = apiKeyMaxAgeMs }: ApiKeysOptions) {
    this.#lookup = lookup;
    this.#clock = clock;
    this.#logger = logger;
    this.#maxAgeMs = maxAgeMs;
  }

  /** @throws LedgerError `unavailable` for a key that is not known from the last minute, while none can be looked up */
  readonly authenticate: Authenticator = async (credential) => {
    if (!isApiKey(credential)) return undefined;
    const sha256 = keyDigest(credential);
    const { found } = this.#fresh(sha256) ?? (await this.#find(sha256));
    return found && isKeyValidAt(found.key, this.#clock.now()) ? found.caller : undefined;
  };

  #fresh(sha256: string): Finding | undefined {
    const finding = this.#known.get(sha256) ?? this.#strangers.get(sha256);
    return finding && this.#ageOf(finding) < this.#maxAgeMs ? finding : undefined;
  }

  /** In milliseconds. A clock that was turned back says nothing about how old something is: it may be of any age. */
  #ageOf({ asOf }: Pick<Finding, 'asOf'>): number {
    const age = this.#clock.now() - asOf;
    return age >= 0 ? age : Number.POSITIVE_INFINITY;
  }

  #find(sha256: string): Promise<Finding> {
    const pending = this.#pending.get(sha256);
    if (pending && this.#ageOf(pending) <= this.#maxAgeMs) return pending.finding;
    // Before the call: what it answers may have been true only then.
    const asOf = this.#clock.now();
    const finding = this.#look(sha256, asOf).finally(() => {
      if (this.#pending.get(sha256)?.finding === finding) this.#pending.delete(sha256);
    });
    this.#pending.set(sha256, { asOf, finding });
    return finding;
  }

  async #look(sha256: string, asOf: number): Promise<Finding> {
    const key = await this.#lookup.find(sha256);
    if (key && isKeyValidAt(key, this.#clock.now())) {
      const finding = { asOf, found: { key, caller: callerOf(key) } };
      this.#strangers.delete(sha256);
      this.#known.set(sha256, finding);
      await this.#lookup.noteUse(sha256, key);
      return finding;
    }
    if (key) {
      const { tenant, client } = key;
      this.#logger.warn('an API key was presented that is revoked or has run out', { tenant, client });
    }
    const finding = { asOf };
    this.#known.delete(sha256);
    this.#strangers.set(sha256, finding);
    return finding;
  }
}

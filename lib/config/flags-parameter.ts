import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { LineWriter } from '../observability/index.ts';
import { readEnvironment } from './environment.ts';
import { defaultFlags, type FlagReader, type Flags, flagsMaxAgeMs, parseFlags, type UnreadableFlags } from './flags.ts';

/** How long a failure is left alone: until then what it left in force goes on, and nobody waits. */
export const flagsRetryAfterMs = 10_000;

/** The whole time that a request may wait for flags: connection, answer and its body. */
export const flagsTimeoutMs = 500;

export interface FlagsParameterOptions {
  /** The name of the parameter in SSM. */
  readonly parameter: string;
  readonly whenUnreadable: UnreadableFlags;
  readonly logger: LineWriter;
  /** By default the SDK's own, from the environment. */
  readonly endpoint?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * The flags that the function's environment names.
 *
 * @throws EnvironmentError where it does not, or does not say what they count as while they cannot be read
 */
export function flagsOfEnvironment(logger: LineWriter): FlagReader {
  const { FLAGS_PARAMETER, FLAGS_WHEN_UNREADABLE } = readEnvironment(['FLAGS_PARAMETER', 'FLAGS_WHEN_UNREADABLE']);
  return new FlagsParameter({ parameter: FLAGS_PARAMETER, whenUnreadable: FLAGS_WHEN_UNREADABLE, logger });
}

/**
 * The flags in one SSM parameter, as JSON.
 *
 * `current` never fails and never waits longer than half a second. It answers what was read at most a minute ago; where
 * that cannot be had (no answer, no parameter, not the JSON we know), it tries again ten seconds later, and until then
 * - with `open` answers what was known last, or the defaults if nothing ever was;
 * - with `closed` accepts no writes. So whoever is told that they are has flags of a read that began less than a minute before he asked.
 *
 * A streak of failures is one line in the log, as is its end.
 *
 * Requests that come while the parameter is being read share the one call.
 */
export class FlagsParameter implements FlagReader {
  readonly #parameter: string;
  readonly #whenUnreadable: UnreadableFlags;
  readonly #logger: LineWriter;
  readonly #now: () => number;
  readonly #client: SSMClient;
  readonly #provider: SSMProvider;
  /** In force. Nobody sees what it starts with under `closed`, since `current` reads first. */
  #flags = defaultFlags;
  /** When the flags, or a failure to get them, were as they are here, and for how long that is good enough. */
  #asOf = 0;
  #goodForMs = 0;
  #failing = false;
  #reading: Promise<void> | undefined;

  constructor({ parameter, whenUnreadable, logger, endpoint, now = Date.now }: FlagsParameterOptions) {
    this.#parameter = parameter;
    this.#whenUnreadable = whenUnreadable;
    this.#logger = logger;
    this.#now = now;
    this.#client = new SSMClient({ ...(endpoint !== undefined && { endpoint }), maxAttempts: 1 });
    this.#provider = new SSMProvider({ awsSdkV3Client: this.#client });
  }

  async current(): Promise<Flags> {
    const age = this.#now() - this.#asOf;
    // A clock that was turned back says nothing about how old the flags are. A monotonic clock would not do: it may stand
    // still while Lambda keeps an idle instance frozen.
    const isFresh = age >= 0 && age < this.#goodForMs;
    if (!isFresh) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#flags;
  }

  async #read(): Promise<void> {
    // Before the call: what it answers may have been true only then.
    const asOf = this.#now();
    let goodForMs = flagsRetryAfterMs;
    try {
      const flags = parseFlags(await this.#fetch());
      goodForMs = flagsMaxAgeMs;
      if (this.#failing) this.#logger.info('the feature flags can be read again');
      this.#failing = false;
      this.#adopt(flags);
    } catch (error) {
      if (this.#failing) return;
      this.#failing = true;
      this.#doWithout(error as Error);
    } finally {
      this.#asOf = asOf;
      this.#goodForMs = goodForMs;
    }
  }

  #doWithout(error: Error): void {
    let consequence = 'the last known ones go on';
    if (this.#whenUnreadable === 'closed') {
      this.#flags = { ...this.#flags, acceptWrites: false };
      consequence = 'nothing is changed until they can';
    }
    this.#logger.warn(`the feature flags cannot be read; ${consequence}`, { ...this.#flags, error });
  }

  /** Says in the log when this instance takes up other flags, so that an operator can see that a switch has arrived. */
  #adopt(flags: Flags): void {
    const changed = JSON.stringify(flags) !== JSON.stringify(this.#flags);
    this.#flags = flags;
    if (changed) this.#logger.info('the feature flags changed', { ...flags });
  }

  /** One call: an instance makes at most one a minute. It ends in time even if the answer's body never does. */
  async #fetch(): Promise<string> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`no answer within ${flagsTimeoutMs} ms`));
      // Closes the connection on which the answer might still come. There is no other call on this client.
      this.#client.destroy();
    }, flagsTimeoutMs);
    try {
      // Powertools is not to keep the value (maxAge 0): how long it is good depends on what it says, see above.
      const text = await Promise.race([this.#provider.get(this.#parameter, { maxAge: 0 }), late.promise]);
      if (text === undefined) throw new Error('the parameter has no value');
      return text;
    } finally {
      clearTimeout(timer);
    }
  }
}

import { exitCodes } from '../exit-codes.ts';
import { Failure, usageFailure } from '../failure.ts';
import { configFileOf, readProfile } from './config-file.ts';
import { isLocal, localRuntime } from './local-runtime.ts';

/** What every command can be given on its command line. */
export interface GlobalOptions {
  readonly url?: string;
  readonly apiKey?: string;
  readonly profile?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

export interface Settings {
  readonly url: string;
  readonly apiKey: string;
}

/** A place that may name an address, a key, or both. */
interface Source {
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
  /** Says for which address the key is, where it is not for just any. */
  readonly isKeyFor?: (url: string) => boolean;
}

/**
 * Finds address and key: each from the first place that has it. The order is: options, the profile that `--profile` names,
 * the environment, the profile that `FLORIN_PROFILE` names, the default profile, a runtime started in this folder. A profile's
 * key goes to the profile's own address only, and a runtime's development key to this machine only.
 *
 * @throws Failure (usage, notAllowed) when there is no key, or something named is not there or not valid
 */
export function readSettings(options: GlobalOptions, environment: NodeJS.ProcessEnv): Settings {
  const sources = sourcesOf(options, environment);
  const url = normalised(firstOf(sources, (source) => source.url) ?? '');
  const apiKey = firstOf(sources, (source) => (source.isKeyFor?.(url) === false ? undefined : source.apiKey));
  if (apiKey === undefined) {
    throw new Failure(
      exitCodes.notAllowed,
      `There is no API key for ${url}. Give one with FLORIN_API_KEY, a profile in ${configFileOf(environment)}, or --api-key.`,
    );
  }
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw usageFailure('The API key is empty, or has characters that no key has, such as a space or a line break.');
  }
  return { url, apiKey };
}

function sourcesOf(options: GlobalOptions, environment: NodeJS.ProcessEnv): readonly Source[] {
  const profile = (name: string | undefined): Source => {
    const found = readProfile(configFileOf(environment), name);
    return found ? { ...found, isKeyFor: (url) => url === normalised(found.url) } : {};
  };
  const fromEnvironment = environment.FLORIN_PROFILE || undefined;
  return [
    { url: options.url, apiKey: options.apiKey },
    ...(options.profile === undefined ? [] : [profile(options.profile)]),
    { url: environment.FLORIN_URL || undefined, apiKey: environment.FLORIN_API_KEY || undefined },
    profile(options.profile === undefined ? fromEnvironment : undefined),
    { ...localRuntime(environment), isKeyFor: isLocal },
  ];
}

function firstOf(sources: readonly Source[], pick: (source: Source) => string | undefined): string | undefined {
  for (const source of sources) {
    const found = pick(source);
    if (found !== undefined) return found;
  }
  return undefined;
}

function normalised(text: string): string {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search || url.hash) {
    throw usageFailure(`${JSON.stringify(text)} is not the address of an API such as https://ledger.example/prod`);
  }
  if (url.username || url.password) throw usageFailure('The address holds a password; give the API key apart from it.');
  return url.href.replace(/\/+$/, '');
}

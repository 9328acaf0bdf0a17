import { randomUUID } from 'node:crypto';
import { ApiClient } from '../support/api-client.ts';
import { startEmbeddedProcess } from '../support/embedded.ts';
import { type Feature, lackedAt, requestsAtOnceAt } from './limitations.ts';

/** Where the suite runs: a stage that is named, or an embedded runtime of its own. */
export interface Target {
  readonly api: ApiClient;
  /** Whether something of the contract cannot be had here: not for want of it in Florin, but in what plays AWS. */
  lacks(feature: Feature): boolean;
  /** Makes names of this run's own, so that the suite may run on a stage again and again. */
  name(text: string): string;
  stop(): Promise<void>;
}

export interface TargetOptions {
  /** Isolates of each function, one request each; only an embedded runtime can be told. */
  readonly isolates?: number;
}

/** The stage named by FLORIN_URL and FLORIN_API_KEY, else a fresh embedded runtime in a process of its own. */
export async function openTarget({ isolates }: TargetOptions = {}): Promise<Target> {
  const run = randomUUID().slice(0, 8);
  const name = (text: string) => `e2e:${run}:${text}`;
  const { FLORIN_URL, FLORIN_API_KEY } = process.env;
  if (FLORIN_URL) {
    if (!FLORIN_API_KEY) throw new Error('FLORIN_API_KEY names the key of the stage at FLORIN_URL');
    const lacked = lackedAt(FLORIN_URL);
    return {
      api: new ApiClient(FLORIN_URL, FLORIN_API_KEY, { atOnce: requestsAtOnceAt(FLORIN_URL), insists: true }),
      name,
      lacks: (feature) => lacked.includes(feature),
      stop: async () => {},
    };
  }
  const runtime = await startEmbeddedProcess({ ...(isolates !== undefined && { isolates }) });
  const api = new ApiClient(runtime.url, runtime.apiKey, { insists: true });
  return { api, name, lacks: () => false, stop: () => runtime.stop() };
}

/** The ways to run the functions: many requests in one isolate, and one request each in four, as Lambda does by default. */
export const concurrencies: readonly [string, TargetOptions][] = process.env.FLORIN_URL
  ? [['as deployed', {}]]
  : [
      ['in one isolate', {}],
      ['in four isolates', { isolates: 4 }],
    ];

import { newApiKey as newKey } from '../lib/auth/api-key.ts';

/** The key that a stage is deployed with, of the same form as those that the service makes. */
export function newApiKey(stage: string): string {
  return newKey(stage).key;
}

/** What the template's parameter takes: the service never sees the key itself before a client sends it. */
export { keyDigest } from '../lib/auth/api-key.ts';

import { newApiKey as newKey } from '../lib/auth/api-key.ts';

/** The key that a stage is deployed with, of the same form as those that the service makes. */
export function newApiKey(stage: string): string {
  return newKey(stage).key;
}

/** What the template's parameter takes: the service never sees the key itself before a client sends it. */
export { keyDigest } from '../lib/auth/api-key.ts';

/**
 * The key that the environment names for a stage: not another stage's, nor one that can be guessed, since it is the key to everything. A
 * client's own key is in another variable, from which the command line takes it.
 *
 * @throws Error that does not have the key in it
 */
export function givenKey(given: string, stage: string): string {
  if (!new RegExp(`^flk_${stage}_[0-9A-Za-z]{32}$`).test(given)) {
    throw new Error(
      `FLORIN_STAGE_KEY does not hold a key for the stage ${stage}: it must be flk_${stage}_ and 32 random letters or digits. ` +
        'Unset it, and the stage keeps the key that it has; a new stage gets one.',
    );
  }
  return given;
}

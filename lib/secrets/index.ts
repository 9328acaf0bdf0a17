/** Secrets that are stored sealed. */
export { KmsSecretBox, type KmsSecretBoxOptions } from './kms-secret-box.ts';
export type { SecretBox, SecretContext } from './secret-box.ts';

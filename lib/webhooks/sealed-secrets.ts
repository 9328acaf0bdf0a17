import type { SecretBox } from '../secrets/index.ts';
import { type SealedSecret, validSecrets, type WebhookSecret } from './secret.ts';

/** Whose secrets they are. */
export interface SecretOwner {
  readonly tenant: string;
  readonly id: string;
  readonly secrets: readonly WebhookSecret[];
}

/** The secrets with those sealed that were stored before secrets were. @throws LedgerError `unavailable` */
export function allSealed(box: SecretBox, { tenant, id, secrets }: SecretOwner): Promise<readonly SealedSecret[]> {
  return Promise.all(
    secrets.map(async (secret) => {
      if ('sealed' in secret) return secret;
      const { value, ...times } = secret;
      return { sealed: await box.seal(value, { tenant, webhook: id }), ...times };
    }),
  );
}

/** The secrets to sign with at an instant, the newest first. @throws LedgerError `unavailable` */
export function openedSecrets(box: SecretBox, { tenant, id, secrets }: SecretOwner, now: number): Promise<string[]> {
  return Promise.all(
    validSecrets(secrets, now).map((secret) =>
      'sealed' in secret ? box.open(secret.sealed, { tenant, webhook: id }) : secret.value,
    ),
  );
}

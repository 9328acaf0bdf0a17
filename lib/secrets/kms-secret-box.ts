import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { LedgerError } from '../ledger/index.ts';
import { OpenedSecrets } from './opened-secrets.ts';
import type { SecretBox, SecretContext } from './secret-box.ts';

/** How long one call to KMS may take, in milliseconds, and of it the connection. It answers in some 10 ms. */
const callTimeoutMs = 1_000;
const connectionTimeoutMs = 500;

/** Calls for one secret at the most: with the pause between them two seconds or a little more. */
const maxAttempts = 2;

export interface KmsSecretBoxOptions {
  /** The ARN of the key. */
  readonly keyId: string;
  /** Another endpoint than the SDK's own variable names. */
  readonly endpoint?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Seals with a key of AWS KMS, which never leaves it. The context is the encryption context of each call: KMS binds it to what is sealed, a
 * function's rights are bound to it, and CloudTrail shows it.
 *
 * A call is bounded in time and in attempts. What was opened is remembered for some minutes, so that a warm instance needs no call.
 */
export class KmsSecretBox implements SecretBox {
  readonly #keyId: string;
  readonly #client: KMSClient;
  readonly #opened: OpenedSecrets;

  constructor({ keyId, endpoint, now = Date.now }: KmsSecretBoxOptions) {
    this.#keyId = keyId;
    this.#client = new KMSClient({
      ...(endpoint !== undefined && { endpoint }),
      maxAttempts,
      requestHandler: {
        connectionTimeout: connectionTimeoutMs,
        requestTimeout: callTimeoutMs,
        throwOnRequestTimeout: true,
      },
    });
    // It would write down what it sends.
    this.#client.middlewareStack.remove('loggerMiddleware');
    this.#opened = new OpenedSecrets(now);
  }

  async seal(plaintext: string, context: SecretContext): Promise<string> {
    const command = new EncryptCommand({
      KeyId: this.#keyId,
      Plaintext: Buffer.from(plaintext),
      EncryptionContext: { ...context },
    });
    const { CiphertextBlob } = await this.#client.send(command).catch((error) => fail('sealed', error));
    return textOf(CiphertextBlob).toString('base64');
  }

  open(sealed: string, context: SecretContext): Promise<string> {
    // The name of what is remembered tells all that KMS would compare.
    return this.#opened.get(JSON.stringify([context.tenant, context.webhook, sealed]), async () => {
      const command = new DecryptCommand({
        KeyId: this.#keyId,
        CiphertextBlob: Buffer.from(sealed, 'base64'),
        EncryptionContext: { ...context },
      });
      const { Plaintext } = await this.#client.send(command).catch((error) => fail('opened', error));
      return textOf(Plaintext).toString();
    });
  }

  /** Closes its connections. */
  destroy(): void {
    this.#client.destroy();
  }
}

function textOf(bytes: Uint8Array | undefined): Buffer {
  if (bytes === undefined) throw new LedgerError('unavailable', 'KMS answered without the bytes it was asked for');
  return Buffer.from(bytes);
}

/** For those who call the API nothing was decided; for those who read the log, the cause has what KMS says. */
function fail(what: 'sealed' | 'opened', cause: Error): never {
  throw new LedgerError('unavailable', `a secret could not be ${what}`, {}, { cause });
}

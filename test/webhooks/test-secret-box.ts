import { seal, unseal } from '../../infra/local/sealing.ts';
import { LedgerError } from '../../lib/ledger/index.ts';
import type { SecretBox, SecretContext } from '../../lib/secrets/index.ts';

/** A box with a key in memory, which can be out of reach. */
export class TestSecretBox implements SecretBox {
  readonly #key = Buffer.alloc(32, 3);
  isReachable = true;

  async seal(plaintext: string, context: SecretContext): Promise<string> {
    this.#reach();
    return seal(this.#key, Buffer.from(plaintext), { ...context }).toString('base64');
  }

  async open(sealed: string, context: SecretContext): Promise<string> {
    this.#reach();
    const opened = unseal(this.#key, Buffer.from(sealed, 'base64'), { ...context });
    if (typeof opened === 'string') throw new LedgerError('unavailable', `the secret is ${opened}`);
    return opened.toString();
  }

  #reach(): void {
    if (!this.isReachable) throw new LedgerError('unavailable', 'the key is out of reach');
  }
}

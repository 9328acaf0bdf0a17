import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { grantExactly } from './grant-exactly.ts';

/** What a function does with the key of the secrets. */
export type KeyUse = 'seal' | 'open';

const actionOf: Readonly<Record<KeyUse, string>> = { seal: 'kms:Encrypt', open: 'kms:Decrypt' };

/** What functions need of the key that seals secrets: this Region's, be it the first or a replica of another Region's. */
export class KeyAccess {
  readonly keyArn: string;

  constructor(keyArn: string) {
    this.keyArn = keyArn;
  }

  /** Allows the uses for secrets of webhooks, which have to be named each time; of anything else, or without a name, nothing. */
  grant(grantee: IGrantable, uses: readonly KeyUse[]): void {
    const actions = uses.map((use) => actionOf[use]);
    grantExactly(grantee, actions, this.keyArn, {
      StringLike: { 'kms:EncryptionContext:tenant': '?*', 'kms:EncryptionContext:webhook': 'wh_*' },
      'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant', 'webhook'] },
    });
  }
}

import { members, type Reply, refusal, startJsonService } from './json-service.ts';
import type { LoopbackServer } from './loopback-server.ts';
import { seal, unseal } from './sealing.ts';

export interface KeyServiceOptions {
  /** The keys that there are, by their ARNs. They share the one that seals. */
  readonly keyArns: readonly string[];
  /** 32 bytes. */
  readonly key: Buffer;
  /** Called when something is to be opened that was sealed with another key. */
  readonly onForeign: () => void;
}

/** KMS takes 4 KB to seal, and twice as much of context. */
const maximumRequestBytes = 32 * 1_024;

/** The embedded Key Management Service, as far as functions use it: `Encrypt` and `Decrypt`. Source: AWS Key Management Service API Reference. */
export function startKeyService(options: KeyServiceOptions): Promise<LoopbackServer> {
  return startJsonService((operation, request) => answer(operation, request, options), maximumRequestBytes);
}

function answer(operation: string, request: unknown, options: KeyServiceOptions): Reply {
  const { KeyId: keyArn, Plaintext, CiphertextBlob, EncryptionContext: context = {} } = members(request);
  if (typeof keyArn !== 'string' || !areTexts(context)) {
    return refusal('ValidationException', 'The body must name a key, and have a context of texts.');
  }
  if (!options.keyArns.includes(keyArn)) return refusal('NotFoundException', `There is no key ${keyArn}.`);
  if (operation === 'TrentService.Encrypt' && typeof Plaintext === 'string') {
    const sealed = seal(options.key, Buffer.from(Plaintext, 'base64'), context);
    return [
      200,
      { CiphertextBlob: sealed.toString('base64'), KeyId: keyArn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' },
    ];
  }
  if (operation === 'TrentService.Decrypt' && typeof CiphertextBlob === 'string') {
    const opened = unseal(options.key, Buffer.from(CiphertextBlob, 'base64'), context);
    if (opened === 'foreign') options.onForeign();
    if (typeof opened === 'string') {
      const reason =
        opened === 'foreign' ? 'It was sealed with another key.' : 'It was not sealed in this context, or was changed.';
      return refusal('InvalidCiphertextException', reason);
    }
    return [200, { Plaintext: opened.toString('base64'), KeyId: keyArn, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }];
  }
  return refusal('UnknownOperationException', `The embedded key service has no ${operation} of this form.`);
}

function areTexts(context: unknown): context is Readonly<Record<string, string>> {
  return Object.values(members(context)).every((value) => typeof value === 'string');
}

import { randomBytes } from 'node:crypto';
import { startKeyService } from '../../infra/local/key-service.ts';
import type { LoopbackServer } from '../../infra/local/loopback-server.ts';

// The SDK wants these, whatever the address.
process.env.AWS_REGION ??= 'eu-central-1';
process.env.AWS_ACCESS_KEY_ID ??= 'test';
process.env.AWS_SECRET_ACCESS_KEY ??= 'test';

/** KMS as the embedded runtime plays it, with a key of its own. */
export interface TestKeyService extends LoopbackServer {
  /** The ARN of the key. */
  readonly keyId: string;
  /** How often something was to be opened that another key had sealed. */
  foreign(): number;
}

/** Starts a key service on a free port. */
export async function startTestKeys(key: Buffer = randomBytes(32)): Promise<TestKeyService> {
  const keyId = 'arn:aws:kms:us-east-1:000000000000:key/mrk-test';
  let foreign = 0;
  const service = await startKeyService({ keyArns: [keyId], key, onForeign: () => foreign++ });
  return { ...service, keyId, foreign: () => foreign };
}

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { secretsKey } from '../../infra/local/secrets-key.ts';
import { startTestKeys, type TestKeyService } from '../support/key-service.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  file = join(folder, 'secrets.key');
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the key that seals secrets in the data folder', () => {
  it('is made once, for its owner only', () => {
    const key = secretsKey(file);
    expect(key).toHaveLength(32);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(secretsKey(file)).toEqual(key);
  });

  it.each(['', 'secret', Buffer.alloc(16).toString('base64')])('is not guessed from a file that holds %j', (text) => {
    writeFileSync(file, text);
    expect(() => secretsKey(file)).toThrow(/does not hold the key that seals secrets.*Put the file back/);
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});

describe("the embedded key service, called through the AWS SDK's own client,", () => {
  const services: TestKeyService[] = [];
  const clients: KMSClient[] = [];
  const context = { tenant: 'default', webhook: 'wh_a' };

  async function start(key?: Buffer): Promise<{ keys: TestKeyService; client: KMSClient }> {
    const keys = await startTestKeys(key);
    const client = new KMSClient({
      endpoint: keys.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 's' },
      maxAttempts: 1,
    });
    services.push(keys);
    clients.push(client);
    return { keys, client };
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await Promise.all(services.splice(0).map((each) => each.stop()));
  });

  const sealedBy = async ({ keys, client }: Awaited<ReturnType<typeof start>>) =>
    client.send(
      new EncryptCommand({ KeyId: keys.keyId, Plaintext: Buffer.from('secret'), EncryptionContext: context }),
    );

  it('opens after a restart what it sealed before', async () => {
    const key = secretsKey(file);
    const { CiphertextBlob } = await sealedBy(await start(key));
    const { keys, client } = await start(secretsKey(file));
    const opened = await client.send(
      new DecryptCommand({ KeyId: keys.keyId, CiphertextBlob, EncryptionContext: context }),
    );
    expect(opened).toMatchObject({ KeyId: keys.keyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe('secret');
    expect(keys.foreign()).toBe(0);
  });

  it('says so when another key had sealed it', async () => {
    const { CiphertextBlob } = await sealedBy(await start());
    const { keys, client } = await start();
    const opening = client.send(new DecryptCommand({ KeyId: keys.keyId, CiphertextBlob, EncryptionContext: context }));
    await expect(opening).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
      message: 'It was sealed with another key.',
    });
    expect(keys.foreign()).toBe(1);
  });

  it.each([
    ['an empty text', Buffer.alloc(0)],
    ['a short text', Buffer.alloc(20, 1)],
  ])('opens no other: %s', async (_what, CiphertextBlob) => {
    const { keys, client } = await start();
    const opening = client.send(new DecryptCommand({ KeyId: keys.keyId, CiphertextBlob, EncryptionContext: context }));
    await expect(opening).rejects.toMatchObject({ name: 'InvalidCiphertextException' });
    expect(keys.foreign()).toBe(0);
  });

  it('knows no other key and does nothing else', async () => {
    const { keys, client } = await start();
    const other = `${keys.keyId}-other`;
    await expect(
      client.send(new EncryptCommand({ KeyId: other, Plaintext: Buffer.from('secret') })),
    ).rejects.toMatchObject({ name: 'NotFoundException' });
    const answer = await fetch(keys.endpoint, {
      method: 'POST',
      headers: { 'x-amz-target': 'TrentService.ScheduleKeyDeletion' },
      body: JSON.stringify({ KeyId: keys.keyId }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([400, { __type: 'UnknownOperationException' }]);
  });
});

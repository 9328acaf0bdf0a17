import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KmsSecretBox } from '../../lib/secrets/index.ts';
import { openedForMs } from '../../lib/secrets/opened-secrets.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { startTestKeys, type TestKeyService } from '../support/key-service.ts';

const secret = 'whsec_c2VjcmV0';
const context = { tenant: 'default', webhook: 'wh_a' };

let keys: TestKeyService;
let proxy: FaultProxy;
let box: KmsSecretBox;
let now = 1_000;
beforeAll(async () => {
  keys = await startTestKeys();
  proxy = await startFaultProxy({ target: keys.endpoint });
});
beforeEach(() => {
  proxy.log.length = 0;
  proxy.rules.length = 0;
  box = new KmsSecretBox({ keyId: keys.keyId, endpoint: proxy.url, now: () => now });
});
afterEach(() => box.destroy());
afterAll(async () => {
  await proxy.stop();
  await keys.stop();
});

const calls = () => proxy.log.map(({ operation }) => operation);

describe('KmsSecretBox', () => {
  it('opens what it sealed, which does not show the secret, and is another text each time', async () => {
    const [one, other] = await Promise.all([box.seal(secret, context), box.seal(secret, context)]);
    expect(one).not.toBe(other);
    expect(Buffer.from(one, 'base64').includes(secret)).toBe(false);
    expect(await box.open(one, context)).toBe(secret);
    expect(await box.open(other, context)).toBe(secret);
  });

  it('names the key and the context in each call', async () => {
    await box.open(await box.seal(secret, context), context);
    expect(calls()).toEqual(['Encrypt', 'Decrypt']);
    for (const { body } of proxy.log) expect(body).toMatchObject({ KeyId: keys.keyId, EncryptionContext: context });
  });

  it.each([
    ['webhook', { ...context, webhook: 'wh_b' }],
    ['tenant', { ...context, tenant: 'other' }],
  ])('does not open it for another %s, not even when it has opened it before', async (_what, elsewhere) => {
    const sealed = await box.seal(secret, context);
    await box.open(sealed, context);
    await expect(box.open(sealed, elsewhere)).rejects.toMatchObject({
      code: 'unavailable',
      cause: { name: 'InvalidCiphertextException' },
    });
  });

  it('does not open what was changed', async () => {
    const bytes = Buffer.from(await box.seal(secret, context), 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await expect(box.open(bytes.toString('base64'), context)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('says nothing of the key or the secret to those who called', async () => {
    const lost = new KmsSecretBox({ keyId: `${keys.keyId}-lost`, endpoint: proxy.url });
    await expect(lost.seal(secret, context)).rejects.toMatchObject({
      message: 'a secret could not be sealed',
      cause: { name: 'NotFoundException' },
    });
    lost.destroy();
  });
});

describe('what was opened', () => {
  it('needs no call for five minutes, and then one', async () => {
    const sealed = await box.seal(secret, context);
    for (let time = 0; time < 3; time++) await box.open(sealed, context);
    now += openedForMs - 1;
    await box.open(sealed, context);
    expect(calls()).toEqual(['Encrypt', 'Decrypt']);
    now += 1;
    await box.open(sealed, context);
    expect(calls()).toEqual(['Encrypt', 'Decrypt', 'Decrypt']);
  });

  it('is opened once for all who ask at the same time', async () => {
    const sealed = await box.seal(secret, context);
    expect(await Promise.all(Array.from({ length: 20 }, () => box.open(sealed, context)))).toEqual(
      Array(20).fill(secret),
    );
    expect(calls()).toEqual(['Encrypt', 'Decrypt']);
  });

  it('is not remembered where it failed', async () => {
    const sealed = await box.seal(secret, context);
    proxy.rules.push({ fault: { kind: 'serverError', when: 'before' }, operation: 'Decrypt', count: 2 });
    await expect(box.open(sealed, context)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await box.open(sealed, context)).toBe(secret);
  });
});

describe('a key service that does not answer', () => {
  it('is waited for some seconds at the most', async () => {
    proxy.rules.push({ fault: { kind: 'hang', when: 'before' } });
    await expect(box.seal(secret, context)).rejects.toMatchObject({
      code: 'unavailable',
      // Or 500 ms, where this machine was too busy to connect.
      cause: {
        name: 'TimeoutError',
        message: expect.stringMatching(/\b(?:1000|500) ms\b/),
        $metadata: { attempts: 2 },
      },
    });
  });
});

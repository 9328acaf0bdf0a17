import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { keyOfSecret, newSecret, validSecrets } from '../../lib/webhooks/secret.ts';
import { signatureHeaders } from '../../lib/webhooks/signature.ts';

const body = JSON.stringify({ type: 'transaction.posted', data: { description: 'Käse für 5 €' } });
const message = () => ({ id: 'evt_1', timestampSeconds: Math.floor(Date.now() / 1_000), body });

describe('signatureHeaders', () => {
  it('is verified by an implementation of others', () => {
    const secret = newSecret(randomBytes);
    expect(new Verifier(secret).verify(body, signatureHeaders(message(), [secret]))).toEqual(JSON.parse(body));
  });

  it('is verified with each of several secrets, and with no other', () => {
    const [older, newer, other] = [newSecret(randomBytes), newSecret(randomBytes), newSecret(randomBytes)];
    const headers = signatureHeaders(message(), [newer, older]);
    for (const secret of [older, newer]) expect(() => new Verifier(secret).verify(body, headers)).not.toThrow();
    expect(() => new Verifier(other).verify(body, headers)).toThrow('No matching signature');
  });

  it('covers id, time and body', () => {
    const secret = newSecret(randomBytes);
    const headers = signatureHeaders(message(), [secret]);
    const verify = (text: string, changed: object) => new Verifier(secret).verify(text, { ...headers, ...changed });
    expect(() => verify(body, {})).not.toThrow();
    expect(() => verify(`${body} `, {})).toThrow();
    expect(() => verify(body, { 'webhook-id': 'evt_2' })).toThrow();
    expect(() => verify(body, { 'webhook-timestamp': String(message().timestampSeconds - 9) })).toThrow();
  });

  it('has the text of the specification', () => {
    // The example of the specification's reference libraries.
    const headers = signatureHeaders(
      { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampSeconds: 1_614_265_330, body: '{"test": 2432232314}' },
      ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    );
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });
});

describe('newSecret', () => {
  it('has 32 bytes behind its prefix, never the same', () => {
    const [one, other] = [newSecret(randomBytes), newSecret(randomBytes)];
    expect(one).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(keyOfSecret(one)).toHaveLength(32);
    expect(one).not.toBe(other);
  });
});

describe('validSecrets', () => {
  it('leaves out those whose overlap is over', () => {
    const secrets = [
      { value: 'newest', createdAt: 3 },
      { value: 'older', createdAt: 2, expiresAt: 101 },
      { value: 'oldest', createdAt: 1, expiresAt: 100 },
    ];
    const validAt = (now: number) => validSecrets(secrets, now).map(({ value }) => value);
    expect(validAt(99)).toEqual(['newest', 'older', 'oldest']);
    expect(validAt(100)).toEqual(['newest', 'older']);
    expect(validAt(101)).toEqual(['newest']);
  });
});

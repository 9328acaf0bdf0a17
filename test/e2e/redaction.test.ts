import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { AccountsOfRun, asset, raceTimeoutMs } from './accounts-of-run.ts';
import { openTarget, type Target } from './target.ts';

/** A text that nothing else says. */
const personal = 'Ada Lovelace, 12 St James’s Square';
const details = { description: personal, metadata: { name: personal } };
const erasure = { reason: 'Erasure request 4711' };

let target: Target;
let api: ApiClient;
let accounts: AccountsOfRun;
beforeAll(async () => {
  target = await openTarget();
  api = target.api;
  accounts = await AccountsOfRun.on(target);
}, raceTimeoutMs);
afterAll(() => target.stop());

/** The answer without what a redaction takes away and what it adds. */
function rest({ body }: ApiAnswer): object {
  const { description: _, metadata: __, redacted: ___, ...kept } = body;
  return kept;
}

describe('a redaction', () => {
  it(
    'of a transaction leaves money and history as they are, and its request is never executed again',
    async () => {
      const [ada, shop] = [await accounts.open('ada', {}, 1_000), await accounts.open('shop')];
      const order = { source: ada, destination: shop, asset, amount: '300', ...details };
      const key = target.name('order');
      const made = await api.settle('/v1/transfers', order, key);
      expect([made.status, made.body.description]).toEqual([201, personal]);
      const path = `/v1/transactions/${made.body.id}`;
      const entries = async () => (await api.get(`/v1/accounts/${ada}/entries?asset=USD.2`)).body.data;
      const before: readonly object[] = await entries();

      const redacted = await api.settle(`${path}/redaction`, erasure);
      expect([redacted.status, redacted.body.redacted]).toEqual([200, { at: expect.any(String) }]);
      expect(rest(redacted)).toEqual(rest(made));
      const again = await api.settle(`${path}/redaction`, erasure);
      expect(again.body.redacted).toEqual(redacted.body.redacted);

      const answers = [await api.get(path), await api.settle('/v1/transfers', order, key)];
      for (const { text } of [redacted, ...answers]) expect(text).not.toContain(personal);
      expect(answers.map(({ status }) => status)).toEqual([200, 201]);
      expect(answers[1]?.headers.get('idempotent-replayed')).toBe('true');
      const other = await api.settle('/v1/transfers', { ...order, amount: '301' }, key);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);

      const after: readonly object[] = await entries();
      expect(JSON.stringify(before)).toContain(personal);
      expect(JSON.stringify(after)).not.toContain(personal);
      // All else of them, hashes among it, is as it was.
      const withoutTexts = (list: readonly object[]) =>
        list.map((entry) => ({ ...entry, description: undefined, metadata: undefined }));
      expect(withoutTexts(after)).toEqual(withoutTexts(before));
      expect(await accounts.balanceOf(ada)).toBe('700');
      expect(await accounts.audit()).toEqual([]);
    },
    raceTimeoutMs,
  );

  it(
    'of a hold and of an account takes away what was said of them, and they go on',
    async () => {
      const [bob, shop] = [
        await accounts.open('bob', { metadata: { name: personal } }, 1_000),
        await accounts.open('kiosk'),
      ];
      const hold = await api.settle('/v1/holds', { account: bob, asset, amount: '400', ...details });
      expect(hold.status).toBe(201);
      const path = `/v1/holds/${hold.body.id}`;
      expect((await api.settle(`${path}/redaction`, erasure)).status).toBe(200);
      expect((await api.settle(`/v1/accounts/${bob}/redaction`, erasure)).status).toBe(200);
      for (const place of [path, `/v1/accounts/${bob}`]) {
        const found = await api.get(place);
        expect([found.status, found.body.redacted]).toEqual([200, { at: expect.any(String) }]);
        expect(found.text).not.toContain(personal);
      }
      expect((await api.settle(`${path}/captures`, { destination: shop, amount: '150' })).status).toBe(201);
      expect(await accounts.balanceOf(bob)).toBe('850');
      const changed = await api.patch(`/v1/accounts/${bob}`, { metadata: { tier: 'gold' } });
      expect([changed.status, changed.body.metadata]).toEqual([200, { tier: 'gold' }]);
      expect(await accounts.audit()).toEqual([]);
    },
    raceTimeoutMs,
  );

  it(
    'is recorded with its reason, and with nothing of what it took away',
    async () => {
      const made = await api.settle('/v1/transfers', {
        source: await accounts.open('eve', {}, 10),
        destination: await accounts.open('stall'),
        asset,
        amount: '1',
        ...details,
      });
      await api.settle(`/v1/transactions/${made.body.id}/redaction`, erasure);
      const log = await api.get(`/v1/admin/audit-log?target=${made.body.id}`);
      expect(log.status).toBe(200);
      expect(log.body.data).toContainEqual(expect.objectContaining({ target: made.body.id, reason: erasure.reason }));
      expect(log.text).not.toContain(personal);
    },
    raceTimeoutMs,
  );
});

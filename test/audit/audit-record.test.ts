import { describe, expect, it } from '@jest/globals';
import { auditItem, parseAudit } from '../../lib/audit/audit-item.ts';
import { auditHash, emptyLog, nextRecord } from '../../lib/audit/audit-record.ts';
import { type Act, changedFacts } from '../../lib/audit/index.ts';
import type { TenantId } from '../../lib/ledger/index.ts';

/** A record as it is written. It is never changed: whoever kept its hash must find it again. */
const golden = {
  PK: 'T#default#AUDIT',
  SK: 'R#000000000001',
  at: 1_768_467_600_250,
  action: 'account.updated',
  target: 'alice',
  actor: { tenant: 'default', client: 'deployment', subject: 'ada', address: '192.0.2.7', userAgent: 'curl/8.5.0' },
  correlationId: 'case-17',
  reason: 'stolen phone',
  before: '{"floors":{"USD/2":"-500"},"status":"active"}',
  after: '{"floors":{},"status":"frozen"}',
  nonce: 'p1ksH2fL0eQxW9aB',
  previousHash: '0'.repeat(64),
  hash: 'fc4f5727633a49eaa32eea8ac4002d598efc47d3176544380c0f21918c7edd3e',
};

const frozen: Act = {
  tenant: 'default' as TenantId,
  action: 'account.updated',
  target: 'alice',
  actor: golden.actor,
  correlationId: golden.correlationId,
  reason: golden.reason,
  before: { status: 'active', floors: { 'USD/2': '-500' } },
  after: { status: 'frozen', floors: {} },
};

describe('a record of the audit log', () => {
  const record = nextRecord(emptyLog, frozen, golden.at, golden.nonce);

  it('is written as it always was, and read as what it is', () => {
    expect(auditItem(record)).toEqual(golden);
    expect(parseAudit({ ...golden, at: BigInt(golden.at) })).toEqual(record);
  });

  it('names the hash of the one before, and does not go back in time', () => {
    const next = nextRecord(record, frozen, golden.at - 5, 'other');
    expect(next).toMatchObject({ number: 2, at: golden.at, previousHash: golden.hash });
  });

  it('has another hash whatever is changed of it', () => {
    const changes: Record<string, unknown> = {
      number: 2,
      at: golden.at + 1,
      action: 'asset.created',
      target: 'bob',
      correlationId: undefined,
      reason: 'stolen',
      before: { status: 'active' },
      after: undefined,
      nonce: 'other',
      previousHash: '1'.repeat(64),
    };
    const actors = Object.keys(golden.actor).map((name) => ({ actor: { ...golden.actor, [name]: 'other' } }));
    const changed = [...Object.entries(changes).map(([name, value]) => ({ [name]: value })), ...actors];
    const hashes = changed.map((change) => auditHash(record.tenant, { ...record, ...change }));
    hashes.push(auditHash('other' as TenantId, record), auditHash(record.tenant, record));
    expect(new Set(hashes).size).toBe(changed.length + 2);
  });

  it('leaves out what is absent', () => {
    const { correlationId: _, reason: __, before: ___, after: ____, ...bare } = frozen;
    const row = auditItem(nextRecord(emptyLog, { ...bare, reason: undefined }, golden.at, golden.nonce));
    const parsed = parseAudit({ ...JSON.parse(JSON.stringify(row)), at: BigInt(golden.at) });
    expect(auditHash(parsed.tenant, parsed)).toBe(row.hash);
  });

  it.each([
    ['hash', undefined],
    ['at', '1'],
    ['actor', {}],
    ['before', '{'],
    ['target', 7n],
    ['nonce', undefined],
  ])('is not read where its row is damaged: %s', (name, value) => {
    expect(() => parseAudit({ ...golden, at: BigInt(golden.at), [name]: value })).toThrow(name);
  });

  it('is read whatever a later version calls what was done', () => {
    expect(parseAudit({ ...golden, at: 5n, action: 'moon.landed' }).action).toBe('moon.landed');
  });
});

describe('the facts that changed', () => {
  it('are those that differ, null where one was not or is no more', () => {
    const before = { status: 'active', owner: 'ada', floors: { a: '1', b: '2' }, shards: 1 };
    const after = { status: 'frozen', shards: 1, floors: { b: '2', a: '1' }, freezes: 'all' };
    expect(changedFacts(before, after)).toEqual({
      before: { status: 'active', owner: 'ada', freezes: null },
      after: { status: 'frozen', owner: null, freezes: 'all' },
    });
    expect(changedFacts(before, { ...before })).toBeUndefined();
  });
});

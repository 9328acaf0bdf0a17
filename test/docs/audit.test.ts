import { describe, expect, it } from '@jest/globals';
import { damageKinds } from '../../lib/ledger/audit-finding.ts';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/reference/audit.md');

describe('the page about the self-audit', () => {
  it('names every kind of damage, in order, and no other', () => {
    const named = tableRows(page.slice(page.indexOf('## What it names'))).map(([kind]) => kind);
    expect(named).toEqual(Object.keys(damageKinds).map((kind) => `\`${kind}\``));
  });
});

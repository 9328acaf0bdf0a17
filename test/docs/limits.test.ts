import { describe, expect, it } from '@jest/globals';
import { maxBodyBytes } from '../../lib/http/json-body.ts';
import { maxDepth } from '../../lib/http/strict-json.ts';
import * as ledgerLimits from '../../lib/ledger/limits.ts';
import * as clientLimits from '../../lib/platform/client-limits.ts';
import * as platformLimits from '../../lib/platform/limits.ts';
import { readDocument, tableRows } from './documents.ts';

const limits: Readonly<Record<string, number>> = {
  ...ledgerLimits,
  ...platformLimits,
  ...clientLimits,
  maxBodyBytes,
  maxDepth,
};
const rows = tableRows(readDocument('docs/reference/limits.md'));

describe('the page of limits', () => {
  it('has each limit once, and none that there is not', () => {
    const named = rows.map(([name]) => name);
    expect(named.toSorted()).toEqual(
      Object.keys(limits)
        .map((name) => `\`${name}\``)
        .toSorted(),
    );
  });

  it.each(Object.entries(limits))('has the value of %s: %i', (name, value) => {
    expect(rows.find(([named]) => named === `\`${name}\``)?.[1]).toBe(String(value));
  });
});

import { describe, expect, it } from '@jest/globals';
import { problemBody, problems } from '../../lib/http/problem.ts';
import { declineReasons } from '../../lib/ledger/errors.ts';
import { readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/reference/errors.md');
const rows = tableRows(page);

describe('the page of errors', () => {
  it('has each code once with its status, and none that there is not', () => {
    const documented = rows.map(([code, status]) => [code, status]).toSorted();
    const actual = Object.entries(problems).map(([code, { status }]) => [`\`${code}\``, String(status)]);
    expect(documented).toEqual(actual.toSorted());
  });

  it('lists the declines in their order of precedence', () => {
    const declines = page.slice(page.indexOf('## Declines'), page.indexOf('## Refusals'));
    expect(tableRows(declines).map(([code]) => code)).toEqual(declineReasons.map((reason) => `\`${reason}\``));
  });

  it('shows a problem as it is answered', () => {
    const text = /```json\n(.+)\n```/.exec(page)?.[1] ?? '';
    const { instance, transactionId, account, asset, available, required } = JSON.parse(text);
    const body = problemBody('insufficient_funds', problems.insufficient_funds.detail, instance, {
      transactionId,
      account,
      asset,
      available,
      required,
    });
    expect(text).toBe(JSON.stringify(body));
  });
});

import { describe, expect, it } from '@jest/globals';
import { exitCodeOf, exitCodes } from '../../cli/exit-codes.ts';
import { problems } from '../../lib/http/problem.ts';
import { readDocument, tableRows } from '../docs/documents.ts';

const page = readDocument('docs/reference/cli.md');
const rows = tableRows(page.slice(page.indexOf('## Exit codes'))).filter(([code = '']) => /^\d+$/.test(code));

describe('the exit codes', () => {
  it('are documented, each once', () => {
    expect(rows.map(([code]) => Number(code))).toEqual(Object.values(exitCodes));
  });

  it('are documented with the codes of the API that lead to them, all of them', () => {
    const documented = rows.flatMap(([exit, , codes = '']) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => `${code} ${exit}`),
    );
    const actual = Object.entries(problems).map(([code, { status }]) => `${code} ${exitCodeOf(status, code)}`);
    expect(documented.toSorted()).toEqual(actual.toSorted());
  });

  it('follow the status where the code is not known', () => {
    expect(
      [422, 404, 409, 400, 401, 403, 429, 500, 503, 418].map((status) => exitCodeOf(status, 'of_tomorrow')),
    ).toEqual([3, 4, 5, 2, 8, 8, 6, 6, 6, 1]);
  });
});

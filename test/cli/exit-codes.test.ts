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

  it('are documented with codes of the API that lead to them', () => {
    const documented = rows.flatMap(([exit, , codes = '']) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code = '']) => [code, Number(exit)] as const),
    );
    const actual = documented.map(([code]) => [code, exitCodeOf(statusOf(code), code)]);
    expect(documented).toEqual(actual);
    expect(new Set(documented.map(([code]) => code)).size).toBe(documented.length);
  });

  it('follow the status for each code of the API that is not documented to be an exception', () => {
    for (const [code, { status }] of Object.entries(problems)) {
      if (!page.includes(`\`${code}\``)) expect(exitCodeOf(status, code)).toBe(exitCodeOf(status, 'of_tomorrow'));
    }
  });

  it('follow the status where the code is not known', () => {
    expect(
      [422, 404, 409, 400, 401, 403, 429, 500, 503, 418].map((status) => exitCodeOf(status, 'of_tomorrow')),
    ).toEqual([3, 4, 5, 2, 8, 8, 6, 6, 6, 1]);
  });
});

function statusOf(code: string): number {
  const problem = Object.entries(problems).find(([name]) => name === code)?.[1];
  if (!problem) throw new Error(`the API has no ${code}`);
  return problem.status;
}

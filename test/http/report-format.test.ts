import { describe, expect, it } from '@jest/globals';
import { formatOf } from '../../lib/http/report-format.ts';

describe('formatOf', () => {
  it.each([
    ['', 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['text/csv', 'csv'],
    ['TEXT/CSV; charset=utf-8', 'csv'],
    ['text/*', 'csv'],
    ['application/jsonl', 'jsonl'],
    ['application/x-ndjson', 'jsonl'],
    ['text/csv, application/json', 'csv'],
    ['text/csv;q=0.2, application/json;q=0.8', 'json'],
    ['text/csv;q=0, */*;q=0.1', 'json'],
    ['text/csv;q=0', 'json'],
    ['text/csv;q=2, application/jsonl;q=0.1', 'jsonl'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'json'],
    ['nonsense', 'json'],
  ])('takes "%s" for %s', (accept, format) => {
    expect(formatOf(undefined, accept)).toBe(format);
  });

  it('does what the query says, whatever is accepted', () => {
    expect(formatOf('csv', 'application/json')).toBe('csv');
    expect(formatOf('json', 'text/csv')).toBe('json');
  });
});

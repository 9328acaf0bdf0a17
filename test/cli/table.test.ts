import { describe, expect, it } from '@jest/globals';
import { csvLine, csvText } from '../../cli/output/csv.ts';
import { type Column, Table } from '../../cli/output/table.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}

const columns: readonly Column<Row>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'COUNT', cell: ({ count }) => String(count), isNumber: true },
];

describe('Table', () => {
  it('puts numbers below one another, at the right', () => {
    const lines = new Table(columns).lines([
      { name: 'a', count: 5 },
      { name: 'longer', count: 1_000_000 },
    ]);
    expect(lines).toEqual(['NAME      COUNT', 'a             5', 'longer  1000000']);
  });

  it('says the headings once, and keeps the widths for the rows that come later', () => {
    const table = new Table(columns);
    table.lines([{ name: 'a-long-name', count: 5 }]);
    expect(table.lines([{ name: 'b', count: 6 }])).toEqual(['b                6']);
  });

  it('says the headings also where there are no rows', () => {
    expect(new Table(columns).lines([])).toEqual(['NAME  COUNT']);
  });

  it('lets no text move the cursor or break a line', () => {
    const [, line = ''] = new Table(columns).lines([{ name: 'a\u001b[2J\nb\u009bc', count: 1 }]);
    expect(line).toBe('a\u{fffd}[2J\u{fffd}b\u{fffd}c      1');
  });
});

describe('csvLine', () => {
  it('quotes what holds a comma, a quote or a line end, and nothing else', () => {
    expect(csvLine(['plain', 'a,b', 'say "no"', 'a\nb', 'a\rb', '', "it's"])).toBe(
      `plain,"a,b","say ""no""","a\nb","a\rb",,it's`,
    );
  });
});

describe('csvText', () => {
  it.each(['=1+1', '+1', '-1', '@a', '\tx', '\rx'])('keeps %j from being a formula', (text) => {
    expect(csvText(text)).toBe(`'${text}`);
  });

  it.each(['a=1', '', '1-1'])('leaves %j as it is', (text) => {
    expect(csvText(text)).toBe(text);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvLine, textCell } from '../../lib/http/csv.ts';
import { check } from '../support/property.ts';

/** Reads one line by the letter of RFC 4180. */
function readLine(text: string): string[] {
  const row: string[] = [];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  while (cells.lastIndex < text.length) {
    const match = cells.exec(text);
    if (!match) throw new Error(`no cell at ${cells.lastIndex} of ${JSON.stringify(text)}`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
  }
  return row;
}

describe('csvLine', () => {
  it.each([
    [['1', '-1050', undefined], '1,-1050,\r\n'],
    [[textCell('plain'), textCell('')], 'plain,\r\n'],
    [[textCell('a,b'), textCell('say "hi"')], '"a,b","say ""hi"""\r\n'],
    [[textCell('two\r\nlines')], '"two\r\nlines"\r\n'],
    [[textCell('=1+1')], "'=1+1\r\n"],
    [[textCell('+1'), textCell('-1'), textCell('@a'), textCell('\t=1')], "'+1,'-1,'@a,\"'\t=1\"\r\n"],
    [[textCell('＝1')], "'＝1\r\n"],
    [[textCell('a;=1')], '"a;=1"\r\n'],
  ])('writes %j', (cells, line) => {
    expect(csvLine(cells)).toBe(line);
  });

  it('loses nothing, and lets no text begin as a formula', () => {
    check(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), (texts) => {
        const read = readLine(csvLine(texts.map(textCell)));
        expect(read.map((cell, index) => (cell === `'${texts[index]}` ? cell.slice(1) : cell))).toEqual(texts);
        for (const cell of read) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
      }),
    );
  });
});

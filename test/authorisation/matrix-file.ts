import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who makes a request, from left to right. */
export const columns = [
  'nobody',
  'reader',
  'writer',
  'operator',
  'admin',
  'alone',
  'rest',
  'owner',
  'stranger',
  'outsider',
] as const;
export type Column = (typeof columns)[number];

/** What comes of it: `ok` is any status of success. */
export const outcomes = ['ok', '401', '403', '404', '422'] as const;
export type Outcome = (typeof outcomes)[number];

export interface MatrixRow {
  /** An operation, or one with what is asked of it behind a slash. */
  readonly name: string;
  readonly expected: Readonly<Record<Column, Outcome>>;
}

/** Reads the expected outcomes. It refuses what it cannot read, so that no cell is passed over. */
export function readMatrix(): MatrixRow[] {
  const text = readFileSync(join(import.meta.dirname, 'matrix.txt'), 'utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const [heading = '', ...rows] = lines.map((line) => line.trim().split(/\s+/));
  if (heading.slice(1).toString() !== columns.toString()) throw new Error(`not the columns: ${heading}`);
  return rows.map(([name = '', ...cells]) => {
    if (cells.length !== columns.length) throw new Error(`${name} has ${cells.length} cells`);
    const unknown = cells.find((cell) => !outcomes.some((outcome) => outcome === cell));
    if (unknown) throw new Error(`${name} has a cell ${unknown}`);
    return {
      name,
      expected: Object.fromEntries(columns.map((column, index) => [column, cells[index]])) as MatrixRow['expected'],
    };
  });
}

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand at the right, so that their digits are below one another. */
  readonly isNumber?: true;
}

const gap = '  ';

/** Rows of text below headings. Rows may come in portions: a column is as wide as what was seen so far. */
export class Table<Row> {
  readonly #columns: readonly Column<Row>[];
  #widths: readonly number[] | undefined;

  constructor(columns: readonly Column<Row>[]) {
    this.#columns = columns;
  }

  /** The lines of further rows; the first ones come with the headings. */
  lines(rows: readonly Row[]): string[] {
    const isFirst = this.#widths === undefined;
    const headings = this.#columns.map(({ heading }) => heading);
    const cells = rows.map((row) => this.#columns.map(({ cell }) => printable(cell(row))));
    this.#widths = headings.map((heading, column) =>
      Math.max(this.#widths?.[column] ?? heading.length, ...cells.map((line) => line[column]?.length ?? 0)),
    );
    return (isFirst ? [headings, ...cells] : cells).map((line) => this.#line(line));
  }

  #line(cells: readonly string[]): string {
    const padded = cells.map((text, column) => {
      const width = this.#widths?.[column] ?? 0;
      return this.#columns[column]?.isNumber ? text.padStart(width) : text.padEnd(width);
    });
    return padded.join(gap).trimEnd();
  }
}

/** A text of somebody else's, fit for a terminal: control characters could move its cursor or end the line. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u{fffd}');
}

/** Ends each line. Source: RFC 4180, section 2. */
const lineEnd = '\r\n';

/** What a spreadsheet would take for the beginning of a formula. Source: OWASP, "CSV Injection". */
const formulaStart = /^[=+\-@\t\r\n＝＋－＠]/;

/** What must stand in quotes: what RFC 4180 says, and what some spreadsheets take for a separator or cut off. */
const needsQuotes = /[",;\t\r\n]|^\s|\s$/;

/** A cell. A number or a time is written by us and stands as it is; a text may be anybody's. */
export type Cell = { readonly text: string } | string | undefined;

/** A cell with a text of a client's, which no spreadsheet is to run. */
export function textCell(text: string | undefined): Cell {
  return text === undefined ? undefined : { text };
}

/**
 * A line of CSV. A text that a spreadsheet would take for a formula gets an apostrophe before it, which spreadsheets
 * hide; the exact text is in the other formats. Source: RFC 4180.
 */
export function csvLine(cells: readonly Cell[]): string {
  return cells.map(cellText).join(',') + lineEnd;
}

function cellText(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return cell;
  const text = formulaStart.test(cell.text) ? `'${cell.text}` : cell.text;
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const needsQuotes = /[",\r\n]/;
const startsFormula = /^[=+\-@\t\r]/;

/** A line of CSV, without its line end. Source: RFC 4180. */
export function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => (needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}

/**
 * Somebody else's text for a cell: a spreadsheet would take one that begins like a formula for one, so that gets an
 * apostrophe. Numbers are not to be passed through here: they may begin with a minus.
 */
export function csvText(text: string): string {
  return startsFormula.test(text) ? `'${text}` : text;
}

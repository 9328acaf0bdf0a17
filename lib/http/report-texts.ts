import type { Entry } from '../ledger/index.ts';
import { type Answer, json } from './answer.ts';
import { type Cell, csvLine, textCell } from './csv.ts';
import type { ReportFormat } from './report-format.ts';
import { entryOf, timeText } from './representations.ts';

/** A page of entries in any form. Pages of text, one after the other, are one file: what begins or ends the whole is on the first or last only. */
export interface EntryReport {
  readonly format: ReportFormat;
  readonly entries: readonly Entry[];
  /** The last instant of the period, in milliseconds since 1970. */
  readonly to: number;
  readonly isFirst: boolean;
  readonly nextCursor?: string | undefined;
  /** What a file of it is named, without its ending. */
  readonly fileName: string;
  /** What frames the entries of the whole: a statement has the balances at both ends. */
  readonly frame?: { readonly opening: FrameLine; readonly closing: FrameLine };
}

/** A balance that a statement begins or ends with. */
export interface FrameLine {
  readonly account: string;
  readonly asset: string;
  /** Milliseconds since 1970; absent for the beginning. */
  readonly at?: number | undefined;
  readonly balance: bigint;
}

const entryColumns = [
  'account',
  'asset',
  'shard',
  'sequence',
  'createdAt',
  'amount',
  'balanceAfter',
  'transactionId',
  'type',
  'counterparty',
  'description',
  'hash',
  'previousHash',
  'detailsDigest',
] as const;
type EntryColumn = (typeof entryColumns)[number];

/** Renders a page: as the JSON given, or as text of the same entries. */
export function entryReport(report: EntryReport, asJson: object): Answer {
  const { format, to, nextCursor, fileName } = report;
  const headers = {
    'X-Period-End': timeText(to),
    Vary: 'Accept',
    ...(nextCursor !== undefined && { 'X-Next-Cursor': nextCursor }),
  };
  if (format === 'json') return json(200, { ...asJson, ...(nextCursor !== undefined && { nextCursor }) }, { headers });
  const attachment = { ...headers, 'Content-Disposition': `attachment; filename="${fileName}.${format}"` };
  if (format === 'jsonl') {
    return { status: 200, body: jsonLines(report), mediaType: 'application/jsonl', headers: attachment };
  }
  const header = report.isFirst ? 'present' : 'absent';
  const mediaType = `text/csv; charset=utf-8; header=${header}`;
  return { status: 200, body: csv(report), mediaType, headers: attachment };
}

function jsonLines({ entries, frame, isFirst, nextCursor }: EntryReport): string {
  const lines: object[] = entries.map((entry) => (frame ? { kind: 'entry', ...entryOf(entry) } : entryOf(entry)));
  if (frame && isFirst) lines.unshift(frameLine('opening', frame.opening));
  if (frame && nextCursor === undefined) lines.push(frameLine('closing', frame.closing));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function frameLine(kind: 'opening' | 'closing', { account, asset, at, balance }: FrameLine): object {
  return { kind, account, asset, ...(at !== undefined && { at: timeText(at) }), balance: balance.toString() };
}

function csv({ entries, frame, isFirst, nextCursor }: EntryReport): string {
  const lines = entries.map((entry) => [...(frame ? ['entry'] : []), ...inColumns(entryCells(entry))]);
  if (frame && isFirst) lines.unshift(['opening', ...inColumns(frameCells(frame.opening))]);
  if (frame && nextCursor === undefined) lines.push(['closing', ...inColumns(frameCells(frame.closing))]);
  if (isFirst) lines.unshift([...(frame ? ['kind'] : []), ...entryColumns]);
  return lines.map(csvLine).join('');
}

function inColumns(cells: Partial<Record<EntryColumn, Cell>>): Cell[] {
  return entryColumns.map((column) => cells[column]);
}

function entryCells(entry: Entry): Record<EntryColumn, Cell> {
  const { account, shard = 0, counterparties, description, ...rest } = entryOf(entry);
  return {
    ...rest,
    account: textCell(account),
    shard: String(shard),
    counterparty: textCell(counterparties.join(' ')),
    description: textCell(description),
  };
}

/** A balance at an end of the period stands where the entries have theirs. */
function frameCells({ account, asset, at, balance }: FrameLine): Partial<Record<EntryColumn, Cell>> {
  return {
    account: textCell(account),
    asset,
    ...(at !== undefined && { createdAt: timeText(at) }),
    balanceAfter: balance.toString(),
  };
}

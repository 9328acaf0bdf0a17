import type { AccountId } from '../../lib/ledger/index.ts';
import { systemAccounts } from '../../lib/ledger/index.ts';
import type { FileLine } from './line-reader.ts';
import { type LineOf, lineSchema, type ParsedLine } from './line-schema.ts';

/** A line that can be sent. */
export interface ImportLine {
  readonly number: number;
  readonly kind: 'asset' | 'account' | 'openingBalance' | 'transaction';
  /** The line's own key, where it names one. */
  readonly ownKey: string | undefined;
  readonly path: string;
  /** What is sent, in its one form: equal lines have equal bodies however they were written. */
  readonly body: { readonly [name: string]: unknown };
  /** What the line makes: nothing that needs it may go before it. */
  readonly makes: string | undefined;
  /** What must be there before it, other than accounts that it moves money of. */
  readonly needs: readonly string[];
  /** The accounts it moves money of, whose order it keeps. */
  readonly moves: readonly AccountId[];
  /** The file's content of the line, for the report should it be refused. */
  readonly content: object;
}

/** A line that says nothing to send: the header, or an opening balance of zero. */
export interface EmptyLine {
  readonly number: number;
  readonly importId?: string;
}

/** A line that cannot be sent. */
export interface FaultyLine {
  readonly number: number;
  readonly fault: string;
  /** What can be shown of it: the parsed JSON, or the text. */
  readonly content: unknown;
}

export type AnyLine = ImportLine | EmptyLine | FaultyLine;

/** Bytes a line may have: more than any request body that the API takes. */
export const maxLineBytes = 131_072;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads one line of a file; undefined for a blank one. */
export function readLine({ number, bytes }: FileLine): AnyLine | undefined {
  if (bytes.length > maxLineBytes) return { number, fault: `longer than ${maxLineBytes} bytes`, content: null };
  let text: string;
  try {
    text = strictUtf8.decode(bytes);
  } catch {
    // Replacing what cannot be decoded would import another text than the file's.
    return { number, fault: 'not UTF-8', content: bytes.toString('latin1') };
  }
  if (text.trim() === '') return undefined;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return { number, fault: `not JSON: ${(error as Error).message}`, content: text };
  }
  const parsed = lineSchema.safeParse(content);
  if (!parsed.success) {
    const faults = parsed.error.issues.map(
      ({ path, message }) => `${path.map(String).join('.') || 'the line'}: ${message}`,
    );
    return { number, fault: faults.join('; '), content };
  }
  return lineOf(number, parsed.data, content as object);
}

function lineOf(number: number, line: ParsedLine, content: object): AnyLine {
  switch (line.kind) {
    case 'import':
      return { number, importId: line.id };
    case 'asset':
      return assetLine(number, line, content);
    case 'account':
      return accountLine(number, line, content);
    case 'openingBalance':
      return openingBalanceLine(number, line, content);
    case 'transaction':
      return transactionLine(number, line, content);
  }
}

function assetLine(number: number, { kind, code, name, key }: LineOf<'asset'>, content: object): ImportLine {
  const makes = `asset ${code}`;
  return { number, kind, ownKey: key, path: '/v1/assets', body: { code, name }, makes, needs: [], moves: [], content };
}

function accountLine(number: number, line: LineOf<'account'>, content: object): ImportLine {
  const { kind, key, refused: _, ...body } = line;
  const needs = Object.keys({ ...line.floors, ...line.limits }).map((asset) => `asset ${asset}`);
  const makes = `account ${line.id}`;
  return { number, kind, ownKey: key, path: '/v1/accounts', body, makes, needs, moves: [], content };
}

/** An opening balance is a transaction with a counterparty; one below zero goes the other way. */
function openingBalanceLine(number: number, line: LineOf<'openingBalance'>, content: object): AnyLine {
  const { account, asset, counterparty = systemAccounts.external, ...rest } = line;
  const amount = BigInt(line.amount);
  if (amount === 0n) return { number };
  const posting =
    amount > 0n
      ? { source: counterparty, destination: account, asset, amount: amount.toString() }
      : { source: account, destination: counterparty, asset, amount: (-amount).toString() };
  return movementLine(number, { ...rest, type: 'opening_balance', postings: [posting] }, content);
}

function transactionLine(number: number, line: LineOf<'transaction'>, content: object): AnyLine {
  return movementLine(number, line, content);
}

type Movement = Pick<LineOf<'transaction'>, 'postings' | 'type' | 'description' | 'metadata' | 'occurredAt' | 'key'> & {
  readonly kind: 'openingBalance' | 'transaction';
};

function movementLine(number: number, movement: Movement, content: object): AnyLine {
  const { kind, postings, type, description, metadata, occurredAt, key } = movement;
  if (occurredAt !== undefined && metadata?.occurredAt !== undefined) {
    return { number, fault: 'occurredAt: metadata has a member of this name too', content };
  }
  const allMetadata = occurredAt === undefined ? metadata : { ...metadata, occurredAt };
  const moves = [...new Set(postings.flatMap(({ source, destination }) => [source, destination]))];
  const needs = [...new Set(postings.map(({ asset }) => `asset ${asset}`))];
  const body = { postings, type, description, metadata: allMetadata };
  return { number, kind, ownKey: key, path: '/v1/transactions', body, makes: undefined, needs, moves, content };
}

import type * as z from 'zod';
import { type CanonicalValue, digestOf } from '../ledger/index.ts';
import { HttpProblem } from './problem.ts';

/** The form of cursors; one of an older form is refused like any that is not of the query. */
const cursorVersion = 1;

/** Characters of the query's digest that a cursor carries: it guards against mistakes, not against forgery. */
const bindingLength = 16;

function bindingOf(query: CanonicalValue): string {
  return digestOf(query).slice(0, bindingLength);
}

/**
 * Writes an opaque cursor: a position within the answer to one query. Whoever makes one up only reads on from elsewhere
 * in what the query may read anyway, so it is not signed. That of an export names the record of it, which is looked up.
 */
export function encodeCursor(query: CanonicalValue, position: CanonicalValue): string {
  return Buffer.from(JSON.stringify([cursorVersion, bindingOf(query), position])).toString('base64url');
}

/**
 * Reads a cursor back.
 *
 * @throws HttpProblem `invalid_cursor` for anything that `encodeCursor` did not make of this query
 */
export function decodeCursor<T>(cursor: string, query: CanonicalValue, position: z.ZodType<T>): T {
  const bytes = Buffer.from(cursor, 'base64url');
  // Node skips what is not base64url, so that many texts would read as one cursor.
  if (bytes.toString('base64url') !== cursor) throw new HttpProblem('invalid_cursor');
  let content: unknown;
  try {
    content = JSON.parse(bytes.toString());
  } catch {
    throw new HttpProblem('invalid_cursor');
  }
  if (!Array.isArray(content) || content.length !== 3) throw new HttpProblem('invalid_cursor');
  const [version, binding, found] = content;
  const parsed = position.safeParse(found);
  if (version !== cursorVersion || binding !== bindingOf(query) || !parsed.success)
    throw new HttpProblem('invalid_cursor');
  return parsed.data;
}

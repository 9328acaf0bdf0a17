import { createHash } from 'node:crypto';
import { InvariantViolation } from './errors.ts';

export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue | undefined };

/**
 * The one text of a value: names sorted by UTF-16 code units, no white space, absent members left out.
 * Equal values have equal texts whatever order their names came in. Source: RFC 8785, less its numbers:
 * only safe integers are taken, since everything exact travels as a string here.
 *
 * @throws InvariantViolation for a number that is not a safe integer
 */
export function canonicalJson(value: CanonicalValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value))
      throw new InvariantViolation(`canonical JSON takes safe integers only, not ${value}`);
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as { readonly [name: string]: CanonicalValue | undefined };
  const parts: string[] = [];
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined) parts.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${parts.join(',')}}`;
}

/** SHA-256 of a value's canonical text, as 64 lower-case hexadecimal digits. */
export function digestOf(value: CanonicalValue): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

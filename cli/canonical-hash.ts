import { createHash } from 'node:crypto';

/** SHA-256 of a value's canonical text, as 64 lower-case hexadecimal digits. None of the ledger's own code is used. */
export function sha256Of(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

/** JSON with names in order and without white space; members without a value are left out. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}

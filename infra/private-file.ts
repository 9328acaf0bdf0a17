import { chmodSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

const ownerOnly = 0o600;

/** Writes a file that only its owner may read. A crash, also of the machine, leaves what was there before or all of the new, never a part. */
export function writePrivately(file: string, text: string): void {
  const aside = `${file}.new`;
  // What a crash has left would keep its own permissions.
  rmSync(aside, { force: true });
  // Else the name may reach the disk before what it names.
  writeFileSync(aside, text, { mode: ownerOnly, flush: true });
  renameSync(aside, file);
}

/** The text of a file that only its owner may read from then on, also where somebody has copied it with wider permissions; made where there is none. */
export function keptPrivately(file: string, make: () => string): string {
  if (!existsSync(file)) writePrivately(file, make());
  if (statSync(file).mode & 0o077) chmodSync(file, ownerOnly);
  return readFileSync(file, 'utf8');
}

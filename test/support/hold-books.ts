type Row = Record<string, unknown>;

/**
 * Audits the holds naively: what a balance keeps back is what its open holds still reserve, and stays covered; what was
 * captured of a hold is what its captures posted; a hold came about once, and was ended at most once by nobody but one.
 */
export function auditHolds(rows: readonly Row[], findings: string[]): void {
  const holds = rows.filter(({ SK }) => SK === 'HOLD');
  const records = rows.filter(({ SK }) => SK === 'RECORD');
  const captured = new Map<string, bigint>();
  for (const { PK, status, holdId, postings } of records) {
    if (status !== 'posted' || holdId === undefined) continue;
    const name = `${tenantOf(PK)} ${holdId}`;
    const [{ amount } = { amount: 0n }] = postings as { readonly amount: bigint }[];
    captured.set(name, (captured.get(name) ?? 0n) + amount);
  }
  const deeds = Map.groupBy(
    records.filter(({ status }) => status === 'hold'),
    ({ PK, hold }) => `${tenantOf(PK)} ${(hold as Row).id}`,
  );
  const reserved = new Map<string, bigint>();
  for (const hold of holds) {
    const { amount, remaining } = hold as { readonly amount: bigint; readonly remaining: bigint };
    const name = `${tenantOf(hold.PK)} ${lastPart(hold.PK)}`;
    auditHold(name, hold, captured.get(name) ?? 0n, findings);
    auditDeeds(name, hold, deeds.get(name) ?? [], findings);
    captured.delete(name);
    deeds.delete(name);
    if (amount <= 0n || remaining < 0n) findings.push(`${name}: of ${amount}, ${remaining} remains`);
    const balance = `T#${tenantOf(hold.PK)}#A#${hold.account} B#${hold.asset}`;
    reserved.set(balance, (reserved.get(balance) ?? 0n) + remaining);
  }
  for (const name of [...captured.keys(), ...deeds.keys()]) findings.push(`${name}: has records, and is no hold`);
  auditHeld(rows, reserved, findings);
}

function auditHold(name: string, hold: Row, posted: bigint, findings: string[]): void {
  const { amount, remaining, captured } = hold as Readonly<Record<'amount' | 'remaining' | 'captured', bigint>>;
  const isOpen = hold.status === 'open';
  if (captured !== posted) findings.push(`${name}: says ${captured} was captured, its captures come to ${posted}`);
  if (isOpen !== remaining > 0n) findings.push(`${name}: is ${hold.status}, and ${remaining} remains`);
  if (isOpen ? captured + remaining !== amount : captured > amount)
    findings.push(`${name}: has ${captured} captured and ${remaining} left of ${amount}`);
  if ((hold.dueAt !== undefined) !== isOpen || (hold.dueBucket !== undefined) !== isOpen)
    findings.push(`${name}: is ${hold.status}, and its place among what is due says otherwise`);
}

/** The records of what made it and, but for captures, of what ended it. */
function auditDeeds(name: string, hold: Row, records: readonly Row[], findings: string[]): void {
  const statuses = records.map((record) => String((record.hold as Row).status)).sort();
  const end = ['voided', 'expired'].includes(String(hold.status)) ? [String(hold.status)] : [];
  const expected = ['open', ...end].sort();
  if (String(statuses) !== String(expected))
    findings.push(`${name}: is ${hold.status}, and was left ${statuses} by what made and ended it`);
}

function auditHeld(rows: readonly Row[], reserved: Map<string, bigint>, findings: string[]): void {
  const overdrawn = new Set(
    rows.filter(({ overdraft }) => overdraft === true).map(({ PK, SK }) => `${PK} B#${String(SK).split('#')[1]}`),
  );
  for (const { PK, SK, posted, held, floor } of rows) {
    if (!String(SK).startsWith('B#')) continue;
    const name = `${PK} ${SK}`;
    const open = reserved.get(name) ?? 0n;
    reserved.delete(name);
    if (held !== open) findings.push(`${name}: keeps ${held} back, its open holds ${open}`);
    const isCovered = floor === undefined || (posted as bigint) - (held as bigint) >= (floor as bigint);
    if (!isCovered && !overdrawn.has(name))
      findings.push(`${name}: keeps ${held} of ${posted} back, its floor is ${floor}`);
  }
  for (const [name, open] of reserved) if (open > 0n) findings.push(`${name}: has holds of ${open}, and is no balance`);
}

function tenantOf(key: unknown): string {
  return String(key).split('#')[1] ?? '';
}

function lastPart(key: unknown): string {
  return String(key).split('#').at(-1) ?? '';
}

/**
 * Audits the terms that money moves by: fees, limits of debits, and what accounts say of themselves to their balances.
 * Like the other audits of tests it shares no code with the ledger.
 */
type Row = Record<string, unknown>;

const windows = { hour: 3_600_000n, day: 86_400_000n } as const;

/** What is wrong with the terms; entries have the parts of their keys as members. */
export function auditTerms(rows: readonly Row[], entries: readonly Row[]): string[] {
  const records = rows.filter(({ SK, status }) => SK === 'RECORD' && status === 'posted');
  return [...auditFees(rows, records), ...auditUse(rows, entries), ...auditCopies(rows)];
}

/** Every fee is what the version it names makes of what was asked, and comes right behind it. */
function auditFees(rows: readonly Row[], records: readonly Row[]): string[] {
  const findings: string[] = [];
  const versions = new Map(
    rows.filter(({ SK }) => String(SK).startsWith('FEES#')).map((row) => [`${row.PK} ${row.version}`, row]),
  );
  for (const { PK, feeVersion, type, postings, exchange } of records) {
    const [asked, ...fees] = postings as Row[];
    if (feeVersion === undefined || !asked) continue;
    const tenant = String(PK).split('#').slice(0, 2).join('#');
    const version = versions.get(`${tenant} ${feeVersion}`);
    const rules = ((version?.rules ?? []) as Row[]).filter((rule) => rule.type === type && rule.asset === asked.asset);
    if (rules.length === 0) findings.push(`${PK}: version ${feeVersion} has no rule for it`);
    if (exchange !== undefined) findings.push(`${PK}: an exchange with a fee`);
    const due = ['source', 'destination'].flatMap((payer) => {
      const rule = rules.find((candidate) => candidate.payer === payer);
      const amount = rule ? naiveFee(rule, asked.amount as bigint) : 0n;
      const posting = { source: asked[payer], destination: rule?.feeAccount, asset: asked.asset, amount };
      return amount === 0n || posting.source === posting.destination ? [] : [posting];
    });
    if (textOf(fees) !== textOf(due)) findings.push(`${PK}: took ${textOf(fees)}, and ${textOf(due)} was due`);
  }
  return findings;
}

/** By doubling instead of a remainder: the nearest whole number, and of two equally near ones the even one. */
function naiveFee({ flat, basisPoints, minimum, maximum }: Row, amount: bigint): bigint {
  const exact = amount * ((basisPoints as bigint | undefined) ?? 0n);
  let part = exact / 10_000n;
  const twice = 2n * (exact - part * 10_000n);
  if (twice > 10_000n || (twice === 10_000n && part % 2n === 1n)) part += 1n;
  const fee = ((flat as bigint | undefined) ?? 0n) + part;
  if (minimum !== undefined && fee < (minimum as bigint)) return minimum as bigint;
  return maximum !== undefined && fee > (maximum as bigint) ? (maximum as bigint) : fee;
}

/** No window has more used than its entries took out, and only balances with limits count at all. */
function auditUse(rows: readonly Row[], entries: readonly Row[]): string[] {
  const findings: string[] = [];
  for (const { PK, SK, limits, debits } of rows) {
    if (!String(SK).startsWith('B#') || debits === undefined) continue;
    if (limits === undefined) findings.push(`${PK} ${SK}: counts debits without a limit`);
    const asset = String(SK).slice(2);
    const own = entries.filter((entry) => entry.PK === PK && entry.asset === asset && (entry.amount as bigint) < 0n);
    for (const [window, ms] of Object.entries(windows)) {
      const { startedAt, amount, count } = (debits as Record<string, Record<string, bigint>>)[window] ?? {};
      if (startedAt === undefined || amount === undefined || count === undefined || startedAt % ms !== 0n) {
        findings.push(`${PK} ${SK}: has no window of the ${window}`);
        continue;
      }
      const within = own.filter(({ createdAt }) => (createdAt as bigint) - ((createdAt as bigint) % ms) === startedAt);
      const out = within.reduce((sum, entry) => sum - (entry.amount as bigint), 0n);
      if (amount > out || count > BigInt(within.length)) {
        findings.push(`${PK} ${SK}: has ${amount} used in ${count} of the ${window}, and ${out} went out`);
      }
    }
  }
  return findings;
}

function auditCopies(rows: readonly Row[]): string[] {
  const accounts = new Map(rows.filter(({ SK }) => SK === 'ACCOUNT').map((row) => [row.PK, row]));
  return rows.flatMap(({ PK, SK, limits, freezes }) => {
    if (!String(SK).startsWith('B#')) return [];
    const account = accounts.get(String(PK).split('#S#')[0]);
    const due = (account?.limits as Row | undefined)?.[String(SK).slice(2)];
    const found: string[] = [];
    if (textOf(limits) !== textOf(due)) found.push(`${PK} ${SK}: has other limits than its account`);
    if (freezes !== account?.freezes) found.push(`${PK} ${SK}: freezes ${freezes}, its account ${account?.freezes}`);
    return found;
  });
}

/** Equal for equal rows, whatever the order of their names. */
function textOf(value: unknown): string {
  return (
    JSON.stringify(value, (_, part) => {
      if (typeof part === 'bigint') return `${part}n`;
      if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? 'nothing'
  );
}

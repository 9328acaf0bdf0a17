import { createHash } from 'node:crypto';

type Row = Record<string, unknown>;

/** What an audit of a tenant's journal saw; a finding is a sentence, and a sound journal has none. */
export interface JournalAudit {
  readonly findings: readonly string[];
  readonly blocks: number;
  /** The place of each journaled item, by its partition key. */
  readonly places: ReadonlyMap<string, number>;
}

interface BlockRow extends Row {
  readonly number: number;
  readonly events: readonly Row[];
}

/**
 * Audits a journal naively, sharing no code with the ledger: blocks and sequences without gaps, hashes that chain, each item
 * in the one block that it names, and an order that contradicts that of no balance, hold, reversal, batch or account. What of
 * a balance or account is in the journal must be a beginning of it.
 */
export function auditJournal(rows: readonly Row[], tenant: string): JournalAudit {
  const own = rows.filter(({ PK }) => String(PK).startsWith(`T#${tenant}#`));
  const findings: string[] = [];
  const blocks = own
    .filter(({ PK }) => PK === `T#${tenant}#J`)
    .map((row): BlockRow => ({ ...row, number: Number(String(row.SK).slice(6)), events: row.events as Row[] }))
    .sort((a, b) => a.number - b.number);
  const places = auditBlocks(blocks, tenant, findings);
  auditItems(own, blocks, places, findings);
  auditBalances(own, places, findings);
  auditLinks(own, tenant, places, findings);
  auditChanges(own, places, findings);
  return { findings, blocks: blocks.length, places };
}

function auditBlocks(blocks: readonly BlockRow[], tenant: string, findings: string[]): Map<string, number> {
  const places = new Map<string, number>();
  let previousHash = '0'.repeat(64);
  let sequence = 1;
  for (const [index, block] of blocks.entries()) {
    const name = `block ${block.number}`;
    if (block.number !== index + 1) findings.push(`${name}: is the ${index + 1}th`);
    if (block.events.length < 1 || block.events.length > 99)
      findings.push(`${name}: has ${block.events.length} events`);
    if (block.firstSequence !== BigInt(sequence))
      findings.push(`${name}: begins at ${block.firstSequence}, not ${sequence}`);
    if (hex(block.previousHash) !== previousHash) findings.push(`${name}: names another hash before it`);
    if (hashOf(block, tenant) !== hex(block.hash)) findings.push(`${name}: has another hash`);
    previousHash = hex(block.hash);
    for (const { id, type } of block.events) {
      const mark = /^(account|balance|webhook)\.|\.redacted$/.test(String(type)) ? 'C' : 'X';
      const partition = `T#${tenant}#${mark}#${id}`;
      if (places.has(partition)) findings.push(`${name}: has ${id} again`);
      places.set(partition, sequence++);
    }
  }
  return places;
}

function hashOf({ number, firstSequence, previousHash, createdAt, events }: BlockRow, tenant: string): string {
  return sha256({
    v: 1,
    tenant,
    number: String(number),
    firstSequence: String(firstSequence),
    previousHash: hex(previousHash),
    createdAt: time(createdAt),
    events: events.map((event) => ({
      id: `evt_${event.id}`,
      type: event.type,
      time: time(event.time),
      hash: hex(event.hash),
    })),
  });
}

function auditItems(
  rows: readonly Row[],
  blocks: readonly BlockRow[],
  places: ReadonlyMap<string, number>,
  findings: string[],
): void {
  const numbers = new Map(blocks.flatMap(({ number, events }) => events.map(({ id }) => [String(id), number])));
  const items = new Map(
    rows.filter(({ SK }) => SK === 'RECORD' || SK === 'CHANGE').map((row) => [String(row.PK), row]),
  );
  for (const partition of places.keys())
    if (!items.has(partition)) findings.push(`${partition}: is in a block, and not there`);
  for (const [partition, { block, status }] of items) {
    const number = numbers.get(partition.split('#').at(-1) ?? '');
    if ((block === undefined ? undefined : Number(block)) !== number) {
      findings.push(`${partition}: says it is in block ${block}, and is in ${number}`);
    }
    if (status === 'pending' && number !== undefined) findings.push(`${partition}: is in a block, and pending`);
  }
}

/** Along each balance, transactions come in the order of its entries; those in the journal come before those that are not. */
function auditBalances(rows: readonly Row[], places: ReadonlyMap<string, number>, findings: string[]): void {
  const entries = rows.filter(({ SK }) => String(SK).startsWith('E#'));
  const tenant = String(entries[0]?.PK ?? '').split('#')[1];
  const balances = Map.groupBy(entries, ({ PK, SK }) => `${PK} ${String(SK).split('#')[1]}`);
  for (const [balance, list] of balances) {
    list.sort((a, b) => (String(a.SK) < String(b.SK) ? -1 : 1));
    inOrder(
      balance,
      list.map(({ transaction }) => places.get(`T#${tenant}#X#${String(transaction).slice(3)}`)),
      findings,
    );
  }
}

function auditLinks(
  rows: readonly Row[],
  tenant: string,
  places: ReadonlyMap<string, number>,
  findings: string[],
): void {
  for (const { PK, SK, hold = {}, ...record } of rows) {
    const place = places.get(String(PK));
    if (SK !== 'RECORD' || place === undefined) continue;
    const before = [
      record.previousOperation,
      (hold as Row).previousOperation,
      ...[record.reverses, record.previousReversal, record.reprocesses, ...((record.members ?? []) as unknown[])].map(
        (id) => id && String(id).slice(3),
      ),
    ];
    for (const id of before) {
      const first = id ? places.get(`T#${tenant}#X#${id}`) : 0;
      if (first === undefined || first >= place) findings.push(`${PK}: is at ${place}, behind ${id} at ${first}`);
    }
  }
}

function auditChanges(rows: readonly Row[], places: ReadonlyMap<string, number>, findings: string[]): void {
  const changes = rows.filter(({ SK }) => SK === 'CHANGE');
  for (const [subject, list] of Map.groupBy(changes, ({ subject: of }) => String(of))) {
    list.sort((a, b) => Number(a.number) - Number(b.number));
    for (const [index, { number }] of list.entries()) {
      if (Number(number) !== index + 1) findings.push(`${subject}: change ${number} is the ${index + 1}th`);
    }
    inOrder(
      subject,
      list.map(({ PK }) => places.get(String(PK))),
      findings,
    );
  }
}

function inOrder(name: string, places: readonly (number | undefined)[], findings: string[]): void {
  let last: number | undefined = 0;
  for (const place of places) {
    if (place !== undefined && (last === undefined || place < last))
      findings.push(`${name}: has ${place} behind ${last}`);
    last = place;
  }
}

/** Canonical JSON, written down again. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical((value as Row)[name])}`).join(',')}}`;
}

function sha256(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex');
}

function hex(bytes: unknown): string {
  return Buffer.from(bytes as Uint8Array).toString('hex');
}

function time(ms: unknown): string {
  return new Date(Number(ms)).toISOString();
}

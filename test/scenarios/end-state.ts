import type { ApiClient } from '../support/api-client.ts';
import { audit, readTable } from '../support/books.ts';
import { auditJournal } from '../support/journal-books.ts';
import { asset, type Load, movementsOf, recordOf } from './load.ts';
import type { ScenarioRuntime } from './scenario-runtime.ts';

type Row = Record<string, unknown>;

const tenant = 'default';
const partition = `T#${tenant}#`;
const feedLimit = 100;

/** What a scenario expects beside what holds after all of them. */
export interface Expected {
  /** Records of transactions that have failed for good. */
  readonly failed?: readonly string[];
  /** How many messages are kept as dead letters; by default none. */
  readonly deadMessages?: number | 'any';
}

/** A ledger that has come to rest, and what is wrong with it: a finding is a sentence, and there should be none. */
export interface EndState {
  readonly findings: readonly string[];
  readonly posted: number;
  readonly rejected: number;
  readonly blocks: number;
}

/** All there is when a ledger has come to rest. */
export interface Remains {
  readonly ledger: readonly Row[];
  readonly platform: readonly Row[];
  /** Ids of events that a subscriber of the topic has received. */
  readonly published: readonly string[];
  /** The feed of events, as the API has it. */
  readonly feed: readonly FeedEvent[];
}

interface FeedEvent {
  readonly id: string;
  readonly sequence: string;
}

type Asked = Pick<Load, 'granted' | 'orders'>;

/** Waits until nothing is left to be done, and judges what is there. */
export async function endState(runtime: ScenarioRuntime, load: Asked, expected: Expected = {}): Promise<EndState> {
  return judge(await remainsOf(runtime), load, expected);
}

/** Waits until nothing is left to be done, and reads all there is, the tables straight from DynamoDB. */
export async function remainsOf(runtime: ScenarioRuntime): Promise<Remains> {
  await runtime.atRest();
  return {
    ledger: await readTable(runtime.client, runtime.ledgerTable),
    platform: await readTable(runtime.client, runtime.platformTable),
    published: runtime.published,
    feed: await readFeed(runtime.api),
  };
}

/**
 * Exactly what was asked for happened, once for each key, and moved what it was to move; the books are sound; the lines are empty; each
 * client's order was kept; the journal is whole and sound, has all that happened once, and every event of it was published and is in
 * the feed.
 */
export function judge({ ledger, platform, published, feed }: Remains, load: Asked, expected: Expected = {}): EndState {
  const books = audit(ledger);
  const journal = auditJournal(ledger, tenant);
  const findings = [...books.findings, ...journal.findings];
  checkEffects(ledger, load, expected.failed ?? [], findings);
  checkOrders(ledger, load.orders, findings);
  checkLines(ledger, findings);
  checkJournaled(ledger, journal.places, findings);
  checkPublished(journal.places, journal.blocks, published, platform, findings);
  checkFeed(feed, journal.places, findings);
  checkDeadLetters(platform, expected, findings);
  return { findings, posted: books.posted, rejected: books.rejected, blocks: journal.blocks };
}

/** Each key has its one record, at its end, with what was asked for; and nothing happened that nobody asked for. */
function checkEffects(ledger: readonly Row[], { granted }: Asked, failed: readonly string[], findings: string[]): void {
  const records = new Map(
    ledger.filter(({ SK }) => SK === 'RECORD').map((row) => [String(row.PK).slice(`${partition}X#`.length), row]),
  );
  const unasked = new Set(records.keys());
  for (const { wish, record, members } of granted) {
    const row = records.get(record);
    const name = `${wish.kind} ${record}`;
    if (!unasked.delete(record)) findings.push(`${name}: has no record of its own`);
    const isFailed = failed.includes(record);
    if (!row || row.status === 'pending') findings.push(`${name}: has not come to its end`);
    else if ((row.status === 'failed') !== isFailed) findings.push(`${name}: is ${row.status}`);
    const rows = wish.kind === 'batch' ? members.map((member) => records.get(member)) : [row];
    for (const member of members) unasked.delete(member);
    for (const [index, movement] of movementsOf(wish).entries()) {
      const one = rows[index];
      if (one === undefined || one.status === 'failed') continue;
      const moved = JSON.stringify(one.postings, (_, value) => (typeof value === 'bigint' ? Number(value) : value));
      const wanted = { ...movement, asset };
      const [posting, ...others] = JSON.parse(moved) as Record<string, unknown>[];
      const isIt = Object.entries(wanted).every(([field, value]) => posting?.[field] === value);
      if (!isIt || others.length > 0) findings.push(`${name}: moved ${moved}, not ${JSON.stringify(wanted)}`);
    }
  }
  for (const id of unasked) findings.push(`${id}: nobody asked for it`);
}

/** What one client was told to be accepted into a line, one after the other, left the account in that order. */
function checkOrders(rows: readonly Row[], orders: Load['orders'], findings: string[]): void {
  const sequences = new Map<string, number>();
  for (const { PK, SK, transaction, amount } of rows) {
    if (!String(SK).startsWith('E#') || (amount as bigint) > 0n) continue;
    const account = String(PK).split('#')[3];
    sequences.set(`${String(transaction).slice('tx_'.length)} ${account}`, Number(String(SK).split('#')[3]));
  }
  for (const order of orders) {
    for (const [account, list] of Map.groupBy(order, ({ wish }) => movementsOf(wish)[0]?.source)) {
      let last = 0;
      for (const { record, members } of list) {
        const sequence = sequences.get(`${members[0] ?? record} ${account}`);
        if (sequence === undefined) continue;
        if (sequence <= last) findings.push(`${account}: ${record} has entry ${sequence}, behind entry ${last}`);
        last = sequence;
      }
    }
  }
}

function checkLines(rows: readonly Row[], findings: string[]): void {
  for (const { PK, SK } of rows) if (String(SK).startsWith('P#')) findings.push(`${PK}: ${SK} still waits`);
  for (const { PK, SK, status } of rows) {
    if (SK === 'RECORD' && status === 'pending') findings.push(`${PK}: is pending`);
  }
}

/** All that came to its end is in the journal. */
function checkJournaled(rows: readonly Row[], places: ReadonlyMap<string, number>, findings: string[]): void {
  for (const { PK, SK } of rows) {
    const isOfJournal = (SK === 'RECORD' || SK === 'CHANGE') && String(PK).startsWith(partition);
    if (isOfJournal && !places.has(String(PK))) findings.push(`${PK}: is not in the journal`);
  }
}

function checkPublished(
  places: ReadonlyMap<string, number>,
  blocks: number,
  published: readonly string[],
  platform: readonly Row[],
  findings: string[],
): void {
  const received = new Set(published);
  for (const key of places.keys()) {
    if (!received.has(eventOf(key))) findings.push(`${eventOf(key)}: was not published`);
  }
  const cursor = platform.find(({ PK, SK }) => PK === `${partition}CURSOR` && SK === 'publication');
  if (Number(cursor?.block ?? 0) !== blocks) findings.push(`published up to block ${cursor?.block} of ${blocks}`);
}

/** Each transaction that failed for good has its dead letter, and nothing else has one that should not. */
function checkDeadLetters(
  platform: readonly Row[],
  { failed = [], deadMessages = 0 }: Expected,
  findings: string[],
): void {
  const letters = platform.filter(({ SK }) => String(SK).startsWith('dl_'));
  const [transactions, messages] = ['transaction', 'message'].map((kind) => letters.filter((row) => row.kind === kind));
  const told = (transactions ?? []).map(({ transactionId }) => recordOf(String(transactionId)));
  if (told.toSorted().join() !== failed.toSorted().join()) findings.push(`dead letters of transactions: ${told}`);
  if (deadMessages !== 'any' && messages?.length !== deadMessages) {
    findings.push(
      `dead letters of ${messages?.length} messages: ${messages?.map((row) => JSON.stringify(row.failure))}`,
    );
  }
}

async function readFeed(api: ApiClient): Promise<FeedEvent[]> {
  const events: FeedEvent[] = [];
  for (let after = '0', isAtEnd = false; !isAtEnd; ) {
    const { status, body } = await api.get(`/v1/events?after=${encodeURIComponent(after)}&limit=${feedLimit}`);
    if (status !== 200) throw new Error(`no events: ${status}`);
    events.push(...body.data);
    after = body.nextCursor;
    isAtEnd = body.data.length === 0;
  }
  return events;
}

/** The feed of events has all of them, in the order of the journal, numbered without gaps. */
function checkFeed(feed: readonly FeedEvent[], places: ReadonlyMap<string, number>, findings: string[]): void {
  const bySequence = new Map([...places].map(([key, sequence]) => [sequence, eventOf(key)]));
  if (feed.length !== places.size) findings.push(`the feed has ${feed.length} of ${places.size} events`);
  for (const [index, { id, sequence }] of feed.entries()) {
    if (sequence !== String(index + 1)) findings.push(`the feed has event ${sequence} in place ${index + 1}`);
    if (bySequence.get(index + 1) !== id) findings.push(`the feed has ${id} in place ${index + 1}`);
  }
}

/** Something that was journaled, by the name of its event. */
function eventOf(key: string): string {
  return `evt_${key.slice(key.lastIndexOf('#') + 1)}`;
}

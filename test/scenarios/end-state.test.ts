import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { judge, type Remains, remainsOf } from './end-state.ts';
import { Load, transferAsync } from './load.ts';
import { ScenarioRuntime } from './scenario-runtime.ts';

type Row = Remains['ledger'][number];

let runtime: ScenarioRuntime;
let remains: Remains;
const load = new Load();
beforeAll(async () => {
  runtime = await ScenarioRuntime.start({ isDirect: true });
  await load.prepare(runtime.api, ['alice', 'bob'], 100);
  await load.run(runtime.api, [Array.from({ length: 5 }, (_, i) => transferAsync('alice', 'bob', i + 1))]);
  remains = await remainsOf(runtime);
});
afterAll(() => runtime?.stop());

const victim = () => load.orders[0]?.[2]?.record as string;
const isVictim = ({ PK, SK }: Row) => PK === `T#default#X#${victim()}` && SK === 'RECORD';
const ledger = (change: (rows: readonly Row[]) => readonly Row[]) => ({ ...remains, ledger: change(remains.ledger) });
const withVictim = (change: object) =>
  ledger((rows) => rows.map((row) => (isVictim(row) ? { ...row, ...change } : row)));
const found = (damaged: Remains, asked: Pick<Load, 'granted' | 'orders'> = load) =>
  judge(damaged, asked).findings.join('\n');

describe('the check of what a scenario leaves behind', () => {
  it('finds nothing where nothing went wrong', () => {
    expect(found(remains)).toBe('');
  });

  it('finds an effect that is missing, one that nobody asked for, and one that is another', () => {
    expect(found(ledger((rows) => rows.filter((row) => !isVictim(row))))).toContain('has no record of its own');
    const granted = load.granted.filter(({ record }) => record !== victim());
    expect(found(remains, { granted, orders: load.orders })).toContain(`${victim()}: nobody asked for it`);
    const postings = [{ source: 'alice', destination: 'bob', asset: 'USD/2', amount: 9n }];
    expect(found(withVictim({ postings }))).toContain(`transfer ${victim()}: moved`);
    expect(found(withVictim({ status: 'failed' }))).toContain(`transfer ${victim()}: is failed`);
  });

  it('finds what still waits, and what left in another order', () => {
    expect(found(withVictim({ status: 'pending' }))).toContain('has not come to its end');
    const place = { PK: 'T#default#L#alice', SK: `P#1763719200000#tx_${victim()}` };
    expect(found(ledger((rows) => [...rows, place]))).toContain('still waits');
    const orders = load.orders.map((order) => order.toReversed());
    expect(found(remains, { granted: load.granted, orders })).toMatch(/alice: .* has entry \d+, behind entry/);
  });

  it('finds an event that is not journaled, not published or not in the feed', () => {
    const last = remains.ledger.filter(({ PK }) => PK === 'T#default#J').length;
    const block = `BLOCK#${String(last).padStart(12, '0')}`;
    expect(found(ledger((rows) => rows.filter(({ SK }) => SK !== block)))).toContain('is not in the journal');
    const event = `evt_${victim()}`;
    const published = remains.published.filter((id) => id !== event);
    expect(found({ ...remains, published })).toBe(`${event}: was not published`);
    const platform = remains.platform.filter(({ SK }) => SK !== 'publication');
    expect(found({ ...remains, platform })).toBe(`published up to block undefined of ${last}`);
    const feed = remains.feed.filter(({ id }) => id !== event);
    expect(found({ ...remains, feed })).toContain(`the feed has ${feed.length} of ${remains.feed.length} events`);
  });

  it('finds dead letters that should not be there, and those that are missing', () => {
    const letter = { PK: 'T#default#DL', SK: 'dl_1', kind: 'message', failure: { errorClass: 'Error' } };
    expect(found({ ...remains, platform: [...remains.platform, letter] })).toContain('dead letters of 1 messages');
    const { findings } = judge(withVictim({ status: 'failed' }), load, { failed: [victim()] });
    expect(findings).toContain('dead letters of transactions: ');
  });
});

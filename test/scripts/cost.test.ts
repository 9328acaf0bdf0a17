import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { withGenerated } from '../../scripts/cost/cost-page.ts';
import { itemSize } from '../../scripts/cost/item-size.ts';
import { differencesOf, type Measured, measuredForm } from '../../scripts/cost/measured.ts';
import { costOf, readPrices } from '../../scripts/cost/prices.ts';
import { backgroundCost, requestCost } from '../../scripts/cost/request-cost.ts';
import { projectFolder, readDocument } from '../docs/documents.ts';

const script = fileURLToPath(new URL('../../scripts/cost.ts', import.meta.url));
const page = readDocument('docs/cost.md');
const measured = measuredForm.parse(JSON.parse(readDocument('docs/reference/cost-measured.json')));

function operation(id: string) {
  const found = measured.operations.find((each) => each.id === id);
  if (!found) throw new Error(`nothing was measured for ${id}`);
  return found;
}

describe('docs/cost.md', () => {
  it('is current: what requests take now is what it says', async () => {
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
      execFile(process.execPath, [script, '--check'], { cwd: projectFolder, timeout: 60_000 }, (error, _, stderr) => {
        resolve({ code: error?.code ?? 0, output: stderr });
      });
    });
    expect(output).toBe('');
    expect(code).toBe(0);
  });

  it('counts a plain transfer as the guarantee does', () => {
    expect(operation('transfer_warm')).toMatchObject({ calls: 'TransactWriteItems', writeUnits: 10, readUnits: 0 });
    expect(operation('replay_cold')).toMatchObject({ calls: 'BatchGetItem', writeUnits: 0, readUnits: 3 });
    expect(operation('balance')).toMatchObject({ calls: 'GetItem', readUnits: 1 });
    expect(operation('history').calls).toBe('Query');
  });

  it('counts what is done in the background for one and for many together', () => {
    const work = (id: string) => measured.background.find((each) => each.id === id);
    expect(operation('transfer_accepted')).toMatchObject({
      calls: 'Query, TransactWriteItems',
      writeUnits: 5,
      queueRequests: 1,
    });
    expect(work('turns_one')).toMatchObject({ count: 1, writeUnits: 13, queueRequests: 2 });
    // A record, a place and two entries for each, and two balances; each place leaves an index.
    expect(work('turns_many')).toMatchObject({ count: 10, writeUnits: 2 * (4 * 10 + 2) + 10 });
    expect(work('appended_one')).toMatchObject({ writeUnits: 4 });
    expect(work('published_many')).toMatchObject({ publishRequests: 1 });
  });

  it('names every price it uses, with its source', () => {
    for (const { source } of Object.values(readPrices().prices)) expect(page).toContain(source);
  });
});

describe('withGenerated', () => {
  it('changes nothing on a current page, and something when a price changes', () => {
    const prices = readPrices();
    expect(withGenerated(page, measured, prices)).toBe(page);
    const dearer = structuredClone(prices);
    dearer.prices.dynamodbWriteUnit.usd *= 2;
    const changed = withGenerated(page, measured, dearer);
    expect(changed).toContain('$12.50');
    expect(changed.split('<!--')[0]).toBe(page.split('<!--')[0]);
  });

  it('needs its marks', () => {
    expect(() => withGenerated('# Costs', measured, readPrices())).toThrow('needs the lines');
  });
});

describe('requestCost', () => {
  it('is ten write units for a plain transfer, and one API request', () => {
    const cost = requestCost(readPrices(), operation('transfer_warm'));
    expect(cost.dynamodb).toBeCloseTo(10 * 0.625, 6);
    expect(cost.apiGateway).toBe(3.5);
    const { total, ...parts } = cost;
    expect(total).toBeCloseTo(Object.values(parts).reduce((sum, part) => sum + part));
  });

  it('prices by the unit', () => {
    expect(costOf(readPrices(), 'dynamodbStorage', 4)).toBe(1);
  });
});

describe('backgroundCost', () => {
  it('is for one of those that were worked on together', () => {
    const [one, many] = ['turns_one', 'turns_many'].map((id) => {
      const work = measured.background.find((each) => each.id === id);
      if (!work) throw new Error(`nothing was measured for ${id}`);
      return backgroundCost(readPrices(), work);
    });
    expect(one?.messaging).toBeCloseTo(2 * 0.5);
    expect(many?.messaging).toBeCloseTo((2 * 0.5) / 10);
    expect(many?.total).toBeLessThan(one?.total ?? 0);
    const { total, ...parts } = one ?? { total: 0 };
    expect(total).toBeCloseTo(Object.values(parts).reduce((sum, part) => sum + part, 0));
  });
});

describe('differencesOf', () => {
  const changed = (change: (copy: Measured) => void) => {
    const copy = structuredClone(measured);
    change(copy);
    return differencesOf(measured, copy);
  };
  const first = ({ operations }: Measured) => operations[0] as Measured['operations'][number];

  it('sees one unit more, a call more, a request more or fewer', () => {
    expect(differencesOf(measured, measured)).toEqual([]);
    expect(changed((copy) => void first(copy).writeUnits++)).toHaveLength(1);
    const moreCalls = changed((copy) => {
      first(copy).calls += ', GetItem';
    });
    expect(moreCalls).toHaveLength(1);
    expect(changed((copy) => void copy.operations.pop())).toHaveLength(1);
    expect(changed((copy) => void copy.background.pop())).toHaveLength(1);
    expect(changed((copy) => void (copy.background[0] as Measured['background'][number]).queueRequests++)).toHaveLength(
      1,
    );
    expect(changed((copy) => void copy.operations.push({ ...first(copy), id: 'another' }))).toHaveLength(1);
  });

  it('lets bytes differ by a twentieth, and no more', () => {
    const longerLines = (factor: number) =>
      changed((copy) => {
        first(copy).logBytes *= factor;
      });
    expect(longerLines(1.04)).toEqual([]);
    expect(longerLines(1.06)).toHaveLength(1);
    const smallerEntries = changed(({ transferStorage }) => {
      transferStorage.entryBytes *= 0.9;
    });
    expect(smallerEntries).toHaveLength(1);
  });
});

describe('itemSize', () => {
  it.each([
    ['a text', { name: { S: 'Zoë' } }, 4 + 4],
    ['a whole number', { n: { N: '1050' } }, 1 + 3],
    ['a negative number', { n: { N: '-1050' } }, 1 + 4],
    ['zero', { n: { N: '0' } }, 1 + 1],
    ['bytes', { b: { B: new Uint8Array(32) } }, 1 + 32],
    ['truth and nothing', { t: { BOOL: true }, u: { NULL: true } }, 4],
    ['a list', { l: { L: [{ S: 'ab' }, { S: 'c' }] } }, 1 + 3 + 1 + 2 + 1 + 1],
    ['a map', { m: { M: { key: { S: 'value' } } } }, 1 + 3 + 1 + 3 + 5],
    ['a set', { s: { SS: ['USD/2', 'GOLD'] } }, 1 + 9],
  ])('counts %s as DynamoDB does', (_, item, size) => {
    expect(itemSize(item)).toBe(size);
  });
});

it('has no price without a source', () => {
  const file = JSON.parse(readFileSync(new URL('../../docs/reference/prices.json', import.meta.url), 'utf8'));
  expect(Object.keys(file.prices).sort()).toEqual(Object.keys(readPrices().prices).sort());
});

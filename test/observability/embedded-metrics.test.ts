import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countedTypeOf, EmbeddedMetrics } from '../../lib/observability/index.ts';
import { countedTypes, type MetricDefinition, type MetricId, metrics } from '../../lib/observability/metric-names.ts';
import { check } from '../support/property.ts';
import { emfLine, metricsIn } from './emf-schema.ts';

const embedded = new EmbeddedMetrics('Florin/test');
const ids = Object.keys(metrics) as MetricId[];
const dimensions = {
  service: 'florin-transactions',
  operation: 'createTransfer',
  code: 'unavailable',
  type: 'transfer',
  outcome: 'posted',
  source: 'lines',
};

describe('EmbeddedMetrics', () => {
  it('writes each metric once, with its own unit and dimensions, whichever are measured together', () => {
    const measured = fc.uniqueArray(fc.constantFrom(...ids), { minLength: 1 });
    check(
      fc.property(measured, fc.nat(), (chosen, value) => {
        const values = Object.fromEntries(chosen.map((id, index) => [id, value + index]));
        const line = { ...dimensions, ...embedded.fields(values, Date.now()) };
        const found = metricsIn(JSON.parse(JSON.stringify(line)));
        expect(found).toHaveLength(chosen.length);
        for (const [index, id] of chosen.entries()) {
          const { name, unit, dimensions: own }: MetricDefinition = metrics[id];
          const named = Object.fromEntries(
            Object.entries(dimensions).filter(([key]) => ['service', ...own].includes(key)),
          );
          expect(found).toContainEqual({ name, unit, dimensions: named, value: value + index });
        }
      }),
    );
  });

  it('writes nothing where nothing is measured', () => {
    expect(embedded.fields({}, Date.now())).toEqual({});
    expect(embedded.fields({ commitAttempts: undefined }, Date.now())).toEqual({});
  });
});

describe('the format', () => {
  const line = { ...dimensions, ...embedded.fields({ requests: 1, transactions: 1 }, Date.now()) };

  it.each([
    ['a dimension missing', { ...line, type: undefined }],
    ['a dimension that is no text', { ...line, operation: 7 }],
    ['a value missing', { ...line, Requests: undefined }],
    ['a value that is no number', { ...line, Requests: '1' }],
    ['an unknown unit', JSON.parse(JSON.stringify(line).replace('"Count"', '"Pieces"'))],
    ['a time long past', { ...line, ...embedded.fields({ requests: 1 }, 1_700_000_000_000) }],
    ['no directives', { ...line, _aws: { Timestamp: Date.now(), CloudWatchMetrics: [] } }],
  ])('is not that of a line with %s', (_, broken) => {
    expect(emfLine.safeParse(line).success).toBe(true);
    expect(emfLine.safeParse(broken).success).toBe(false);
  });
});

describe('countedTypeOf', () => {
  it('is one of a few, whatever clients name', () => {
    check(
      fc.property(fc.oneof(fc.constantFrom(...countedTypes), fc.string()), (type) => {
        const counted = countedTypeOf(type);
        expect(countedTypes).toContain(counted);
        expect(counted === type || counted === 'other').toBe(true);
      }),
    );
    for (const name of ['constructor', '__proto__', 'toString', 'Transfer']) expect(countedTypeOf(name)).toBe('other');
  });
});

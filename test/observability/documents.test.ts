import { describe, expect, it } from '@jest/globals';
import { type MetricDefinition, metrics } from '../../lib/observability/metric-names.ts';
import { readDocument, tableRows } from '../docs/documents.ts';

const rows = tableRows(readDocument('docs/observability.md'));

describe('the page of metrics', () => {
  it('has each metric with its unit, dimensions and meaning, and none that there is not', () => {
    const documented = rows.filter(({ length }) => length === 4);
    const defined = Object.values(metrics).map(({ name, unit, dimensions, meaning }: MetricDefinition) => [
      `\`${name}\``,
      unit,
      dimensions.length === 0 ? 'none' : dimensions.map((dimension) => `\`${dimension}\``).join(', '),
      meaning,
    ]);
    expect(documented).toEqual(defined);
  });
});

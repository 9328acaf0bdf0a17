import { describe, expect, it } from '@jest/globals';
import { MalformedMetrics, readEmbeddedMetrics } from '../../infra/local/emf.ts';

const metadata = {
  Timestamp: 1_795_000_000_000,
  CloudWatchMetrics: [
    {
      Namespace: 'Florin/dev',
      Dimensions: [['service'], ['service', 'operation']],
      Metrics: [{ Name: 'Requests', Unit: 'Count' }, { Name: 'Sizes' }],
    },
  ],
};
const line = { message: 'request', service: 's', operation: 'o', Requests: 1, Sizes: [1, 2.5], _aws: metadata };
const [directive] = metadata.CloudWatchMetrics;

function withDirective(change: object, root: object = {}): Record<string, unknown> {
  return { ...line, ...root, _aws: { ...metadata, CloudWatchMetrics: [{ ...directive, ...change }] } };
}

describe('readEmbeddedMetrics', () => {
  it('reads every metric with the dimensions of all sets, and lists of values', () => {
    const dimensions = new Map([
      ['service', 's'],
      ['operation', 'o'],
    ]);
    expect(readEmbeddedMetrics(line)).toEqual([
      { namespace: 'Florin/dev', name: 'Requests', unit: 'Count', dimensions, values: [1] },
      { namespace: 'Florin/dev', name: 'Sizes', unit: 'None', dimensions, values: [1, 2.5] },
    ]);
  });

  it('reads several directives, each with dimensions of its own, also none', () => {
    const other = { Namespace: 'Florin/dev', Dimensions: [[]], Metrics: [{ Name: 'Faults', Unit: 'Count' }] };
    const both = { ...metadata, CloudWatchMetrics: [directive, other] };
    const samples = readEmbeddedMetrics({ ...line, Faults: 0, _aws: both });
    expect(samples.map(({ name, dimensions }) => [name, dimensions.size])).toEqual([
      ['Requests', 2],
      ['Sizes', 2],
      ['Faults', 0],
    ]);
  });

  it('finds nothing in an ordinary line', () => {
    expect(readEmbeddedMetrics({ level: 'INFO', message: 'request' })).toEqual([]);
    expect(readEmbeddedMetrics(Object.create({ _aws: metadata }))).toEqual([]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['metadata that is no object', { ...line, _aws: 'yes' }],
    ['null for metadata', { ...line, _aws: null }],
    ['no time', { ...line, _aws: { CloudWatchMetrics: [] } }],
    ['a time that is no number', { ...line, _aws: { ...metadata, Timestamp: '2026' } }],
    ['no directives', { ...line, _aws: { Timestamp: 1 } }],
    ['a directive that is no object', { ...line, _aws: { Timestamp: 1, CloudWatchMetrics: [1] } }],
    ['no namespace', withDirective({ Namespace: undefined })],
    ['an empty namespace', withDirective({ Namespace: '' })],
    ['no dimensions', withDirective({ Dimensions: undefined })],
    ['a flat list of dimensions', withDirective({ Dimensions: ['service'] })],
    ['a dimension without a value', withDirective({ Dimensions: [['absent']] })],
    ['a dimension that the prototype has', withDirective({ Dimensions: [['toString']] })],
    ['a dimension that is a number', withDirective({}, { service: 7 })],
    ['too many dimensions', withDirective({ Dimensions: [Array(31).fill('service')] })],
    ['no metrics', withDirective({ Metrics: undefined })],
    ['a metric without a name', withDirective({ Metrics: [{ Unit: 'Count' }] })],
    ['a metric without a value', withDirective({ Metrics: [{ Name: 'Absent' }] })],
    ['a value that is text', withDirective({}, { Requests: '1' })],
    ['a value beyond all numbers', withDirective({}, JSON.parse('{"Requests":1e999}'))],
    ['an empty list of values', withDirective({}, { Sizes: [] })],
    ['a list with something else in it', withDirective({}, { Sizes: [1, null] })],
    ['too many values', withDirective({}, { Sizes: Array(101).fill(1) })],
    ['too many metrics', withDirective({ Metrics: Array(101).fill({ Name: 'Requests' }) })],
    ['a unit that is no text', withDirective({ Metrics: [{ Name: 'Requests', Unit: 1 }] })],
  ])('refuses the whole line for %s', (_, entry) => {
    expect(() => readEmbeddedMetrics(entry)).toThrow(MalformedMetrics);
  });
});

import { describe, expect, it } from '@jest/globals';
import { deterministicBill } from '../../scripts/bill-of-materials.ts';

function outputOf(refs: readonly string[], timestamp: string, folder: string): string {
  return JSON.stringify({
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${crypto.randomUUID()}`,
    metadata: { timestamp, component: { name: folder, version: '1.0.0' } },
    components: refs.map((ref) => ({ 'bom-ref': ref, name: ref.split('@')[0] })),
    dependencies: refs.map((ref) => ({ ref, dependsOn: refs.filter((other) => other !== ref) })),
  });
}

describe('deterministicBill', () => {
  const bill = deterministicBill(outputOf(['b@1', 'a@1', 'c@1'], '2026-11-21T10:00:00.000Z', 'folder'), 'florin');

  it('is the same for the same dependencies, whenever and wherever it is made', () => {
    expect(deterministicBill(outputOf(['c@1', 'a@1', 'b@1'], '2027-01-01T00:00:00.000Z', 'other'), 'florin')).toBe(
      bill,
    );
  });

  it('has another serial number for others', () => {
    const other = deterministicBill(outputOf(['b@1', 'a@1'], '2026-11-21T10:00:00.000Z', 'folder'), 'florin');
    expect(JSON.parse(other).serialNumber).not.toBe(JSON.parse(bill).serialNumber);
    for (const each of [bill, other])
      expect(JSON.parse(each).serialNumber).toMatch(
        /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
  });

  it('keeps all components, and is named after the package', () => {
    const { components, metadata } = JSON.parse(bill);
    expect(components.map((each: { name: string }) => each.name)).toEqual(['a', 'b', 'c']);
    expect(metadata).toEqual({ component: { name: 'florin', version: '1.0.0' } });
  });
});

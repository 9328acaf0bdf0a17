import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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

  it('leaves out what is for development alone', () => {
    const output = JSON.parse(outputOf(['a@1', 'b@1', 'c@1'], '2026-11-21T10:00:00.000Z', 'folder'));
    output.components[1].properties = [{ name: 'cdx:npm:package:development', value: 'true' }];
    const { components, dependencies } = JSON.parse(deterministicBill(JSON.stringify(output), 'florin'));
    expect(components.map((each: { name: string }) => each.name)).toEqual(['a', 'c']);
    expect(dependencies).toEqual([
      { ref: 'a@1', dependsOn: ['c@1'] },
      { ref: 'c@1', dependsOn: ['a@1'] },
    ]);
  });
});

describe('npm run sbom', () => {
  const project = new URL('../../', import.meta.url);

  interface Locked {
    readonly version: string;
    readonly dev?: true;
    readonly devOptional?: true;
  }

  it('names every package that the lock file has for more than development', () => {
    const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', project), 'utf8'));
    const locked = (Object.entries(packages) as [string, Locked][])
      .filter(([place]) => place !== '')
      .map(([place, rest]) => ({ name: place.slice(place.lastIndexOf('node_modules/') + 13), ...rest }))
      .filter(({ dev, devOptional }) => !(dev || devOptional))
      .map(({ name, version }) => `${name}@${version}`);
    expect(locked.length).toBeGreaterThan(50);
    const words = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
    const output = execFileSync('npm', words, { cwd: project, encoding: 'utf8', maxBuffer: 2 ** 26, stdio: 'pipe' });
    const { components } = JSON.parse(deterministicBill(output, 'florin'));
    const named = components.map((each: { name: string; version: string }) => `${each.name}@${each.version}`);
    expect(new Set(named)).toEqual(new Set(locked));
  });
});

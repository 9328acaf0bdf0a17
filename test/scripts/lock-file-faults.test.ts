import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { lockFileFaults } from '../../scripts/lock-file-faults.ts';

const integrity = `sha512-${'A'.repeat(86)}==`;
const sound = { version: '1.2.3', integrity };

function faultsOf(locked: object, own: object = {}): string[] {
  const lock = { lockfileVersion: 3, packages: { '': own, 'node_modules/@scope/thing': { ...sound, ...locked } } };
  return lockFileFaults(JSON.stringify(lock), JSON.stringify({ allowScripts: { esbuild: true } }));
}

describe('lockFileFaults', () => {
  it("finds nothing in the project's own", () => {
    const text = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
    expect(lockFileFaults(text('package-lock.json'), text('package.json'))).toEqual([]);
  });

  it('finds nothing in a sound one', () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ resolved: 'https://registry.npmjs.org/@scope/thing/-/thing-1.2.3.tgz' })).toEqual([]);
    expect(faultsOf({ inBundle: true, integrity: undefined })).toEqual([]);
  });

  it('lets a package have another name that somebody asks for', () => {
    expect(faultsOf({ name: 'other' }, { dependencies: { '@scope/thing': 'npm:other@^1.2.0' } })).toEqual([]);
    expect(faultsOf({ name: 'other' }, { dependencies: { '@scope/thing': 'npm:@other/thing@^1.2.0' } })).toHaveLength(
      1,
    );
  });

  it('lets an optional binary of a platform be without a digest, and nothing else of it', () => {
    expect(faultsOf({ integrity: undefined, optional: true, os: ['win32'] })).toEqual([]);
    expect(faultsOf({ integrity: 'sha1-x', optional: true, os: ['win32'] })).toHaveLength(1);
    expect(faultsOf({ integrity: undefined, optional: true })).toHaveLength(1);
  });

  it.each([
    ['no digest', { integrity: undefined }],
    ['a digest that can be forged', { integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }],
    ['another registry', { resolved: 'https://registry.example.org/thing-1.2.3.tgz' }],
    ['the registry without encryption', { resolved: 'http://registry.npmjs.org/thing-1.2.3.tgz' }],
    ['another package', { resolved: 'https://registry.npmjs.org/evil/-/evil-1.2.3.tgz' }],
    ['another version', { resolved: 'https://registry.npmjs.org/@scope/thing/-/thing-1.2.4.tgz' }],
    [
      'a path that leads elsewhere',
      { resolved: 'https://registry.npmjs.org/@scope/thing/-/../../evil/-/thing-1.2.3.tgz' },
    ],
    ['another package under its name', { name: 'evil' }],
    ['a repository', { resolved: 'git+ssh://git@github.com/scope/thing.git#abc' }],
    ['a version that is an address', { version: 'https://example.org/thing.tgz' }],
    ['a folder', { link: true }],
    ['an install script', { hasInstallScript: true }],
  ])('finds %s', (_, locked) => expect(faultsOf(locked)).toHaveLength(1));

  it.each(['github:scope/thing', 'scope/thing', 'scope/thing#v1', 'git+https://example.org/thing', 'file:../thing'])(
    'finds a dependency on %s',
    (range) => expect(faultsOf({}, { dependencies: { thing: range } })).toHaveLength(1),
  );
});

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keptPrivately, writePrivately } from '../../infra/private-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
  file = join(folder, 'key');
});
afterEach(() => rmSync(folder, { recursive: true }));

const permissions = () => statSync(file).mode & 0o777;

/** As somebody leaves it who copies files without care, or a crash between two steps. */
function writeForAll(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o644);
}

describe('writePrivately', () => {
  it('writes what its owner alone may read, in place of what others might', () => {
    writeForAll(file, 'before');
    writeForAll(`${file}.new`, 'half of it, left by a crash');
    writePrivately(file, 'after');
    expect(readFileSync(file, 'utf8')).toBe('after');
    expect(permissions()).toBe(0o600);
    expect(existsSync(`${file}.new`)).toBe(false);
  });
});

describe('keptPrivately', () => {
  it('makes the text once', () => {
    expect(keptPrivately(file, () => 'first')).toBe('first');
    expect(keptPrivately(file, () => 'second')).toBe('first');
    expect(permissions()).toBe(0o600);
  });

  it('takes from others what they should not have been able to read', () => {
    writeForAll(file, 'copied');
    expect(keptPrivately(file, () => 'new')).toBe('copied');
    expect(permissions()).toBe(0o600);
  });
});

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keyDigest } from '../../infra/api-key.ts';
import { developmentKey } from '../../infra/local/api-key.ts';
import { emptyDataFolder, openDataFolder } from '../../infra/local/data-folder.ts';
import { shareLock, tryLock } from '../../infra/local/file-lock.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-test-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const reset = (...args: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, '../../infra/local/reset.ts'), ...args], {
    env: { ...process.env, FLORIN_DATA: folder },
    input: '',
    encoding: 'utf8',
  });

describe('a lock on a file', () => {
  it('is had by one alone or shared by many', () => {
    const file = join(folder, 'lock');
    const shared = [shareLock(file), shareLock(file)];
    expect(tryLock(file)).toBeUndefined();
    shared[0]?.release();
    expect(tryLock(file)).toBeUndefined();
    shared[1]?.release();
    const alone = tryLock(file);
    expect(alone).toBeDefined();
    expect(() => shareLock(file)).toThrow(/locked/);
    alone?.release();
  });
});

describe('openDataFolder', () => {
  it('lets one owner in at a time, and names it', () => {
    const first = openDataFolder(folder);
    first.announce(3_123);
    expect(() => openDataFolder(folder)).toThrow(
      new RegExp(`in use by another Florin \\(process ${process.pid}, port 3123\\)`),
    );
    first.close();
    openDataFolder(folder).close();
  });

  it('can be opened again after its owner was killed', () => {
    const script = `
      import { openDataFolder } from ${JSON.stringify(join(import.meta.dirname, '../../infra/local/data-folder.ts'))};
      openDataFolder(${JSON.stringify(folder)}).announce(1);
      process.kill(process.pid, 'SIGKILL');`;
    expect(() => execFileSync(process.execPath, ['--input-type=module', '-e', script])).toThrow();
    expect(existsSync(join(folder, 'owner.json'))).toBe(true);
    openDataFolder(folder).close();
  });

  it('says what to do about a folder that cannot be written to', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => openDataFolder(join(folder, 'file', 'data'))).toThrow(/cannot be used.*\n.*FLORIN_DATA/);
  });
});

describe('npm run reset', () => {
  it('deletes what a runtime made and nothing else', () => {
    const { databaseFile, close } = openDataFolder(folder);
    writeFileSync(databaseFile, 'money');
    close();
    writeFileSync(join(folder, 'mine.txt'), 'kept');
    expect(reset('--yes').status).toBe(0);
    expect(existsSync(databaseFile)).toBe(false);
    expect(readFileSync(join(folder, 'mine.txt'), 'utf8')).toBe('kept');
  });

  it('deletes nothing unless the question is answered', () => {
    const { databaseFile, close } = openDataFolder(folder);
    writeFileSync(databaseFile, 'money');
    close();
    expect(reset().stdout).toContain('Nothing was deleted');
    expect(existsSync(databaseFile)).toBe(true);
  });

  it('refuses while a runtime owns the folder', () => {
    const { databaseFile, close } = openDataFolder(folder);
    writeFileSync(databaseFile, 'money');
    const { status, stderr } = reset('--yes');
    close();
    expect(status).toBe(1);
    expect(stderr).toContain(`process ${process.pid}`);
    expect(existsSync(databaseFile)).toBe(true);
  });

  it('touches no folder that no runtime has used', () => {
    writeFileSync(join(folder, 'api-key'), "somebody else's");
    expect(emptyDataFolder(folder)).toBe(false);
    expect(existsSync(join(folder, 'api-key'))).toBe(true);
  });
});

describe('developmentKey', () => {
  it('is made once and kept, for its owner only', () => {
    const file = join(folder, 'api-key');
    const key = developmentKey(file, undefined);
    expect(key).toMatch(/^flk_dev_[0-9A-Za-z]{32}$/);
    expect(developmentKey(file, undefined)).toBe(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(keyDigest(key)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gives way to one that is given, without keeping it', () => {
    const given = `flk_dev_${'a'.repeat(32)}`;
    expect(developmentKey(join(folder, 'api-key'), given)).toBe(given);
    expect(existsSync(join(folder, 'api-key'))).toBe(false);
  });

  it('names what holds a malformed key', () => {
    expect(() => developmentKey(join(folder, 'api-key'), 'secret')).toThrow(/^FLORIN_API_KEY does not hold/);
    writeFileSync(join(folder, 'api-key'), 'broken');
    expect(() => developmentKey(join(folder, 'api-key'), undefined)).toThrow(join(folder, 'api-key'));
  });
});

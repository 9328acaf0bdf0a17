import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../cli/settings/settings.ts';

let folder: string;
let environment: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'florin-cli-'));
  environment = { XDG_CONFIG_HOME: folder, FLORIN_DATA: join(folder, 'data') };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function configure(content: unknown): void {
  mkdirSync(join(folder, 'florin'), { recursive: true });
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(folder, 'florin', 'config.json'), text);
}

function runHere(port: number | null, apiKey = 'local-key'): void {
  mkdirSync(join(folder, 'data'), { recursive: true });
  writeFileSync(join(folder, 'data', 'api-key'), `${apiKey}\n`);
  writeFileSync(join(folder, 'data', 'owner.json'), JSON.stringify({ pid: 1, port }));
}

const profiles = {
  profiles: {
    default: { url: 'https://default.example', apiKey: 'default-key' },
    other: { url: 'https://other.example/prod/', apiKey: 'other-key' },
    keyless: { url: 'https://keyless.example' },
  },
};

describe('readSettings', () => {
  it('prefers options to everything', () => {
    configure(profiles);
    Object.assign(environment, { FLORIN_URL: 'https://env.example', FLORIN_API_KEY: 'env-key' });
    const options = { url: 'https://given.example', apiKey: 'given-key', profile: 'other' };
    expect(readSettings(options, environment)).toEqual({ url: 'https://given.example', apiKey: 'given-key' });
  });

  it('prefers the profile of the command line to the environment', () => {
    configure(profiles);
    Object.assign(environment, { FLORIN_URL: 'https://env.example', FLORIN_API_KEY: 'env-key' });
    expect(readSettings({ profile: 'other' }, environment)).toEqual({
      url: 'https://other.example/prod',
      apiKey: 'other-key',
    });
  });

  it('takes the key of the environment where the profile has none', () => {
    configure(profiles);
    environment.FLORIN_API_KEY = 'env-key';
    expect(readSettings({ profile: 'keyless' }, environment).apiKey).toBe('env-key');
  });

  it('prefers the environment to the default profile', () => {
    configure(profiles);
    Object.assign(environment, { FLORIN_URL: 'https://env.example', FLORIN_API_KEY: 'env-key' });
    expect(readSettings({}, environment)).toEqual({ url: 'https://env.example', apiKey: 'env-key' });
  });

  it('takes the profile that FLORIN_PROFILE names, else the one that the file names, else default', () => {
    configure(profiles);
    expect(readSettings({}, environment).apiKey).toBe('default-key');
    configure({ ...profiles, profile: 'other' });
    expect(readSettings({}, environment).apiKey).toBe('other-key');
    expect(readSettings({}, { ...environment, FLORIN_PROFILE: 'default' }).apiKey).toBe('default-key');
  });

  it('reads a key from a file beside the configuration', () => {
    configure({ profiles: { default: { url: 'https://a.example', apiKeyFile: 'key' } } });
    writeFileSync(join(folder, 'florin', 'key'), 'kept-key\n');
    expect(readSettings({}, environment).apiKey).toBe('kept-key');
  });

  it('finds a runtime that was started in this folder, with its port and key', () => {
    runHere(3456);
    expect(readSettings({}, environment)).toEqual({ url: 'http://localhost:3456', apiKey: 'local-key' });
  });

  it('takes the usual port where no runtime says its own', () => {
    runHere(null);
    expect(readSettings({}, environment).url).toBe('http://localhost:3000');
  });

  it('never sends the key of a profile to another address', () => {
    configure(profiles);
    expect(() => readSettings({ url: 'https://elsewhere.example' }, environment)).toThrow('There is no API key for');
    environment.FLORIN_URL = 'https://elsewhere.example';
    expect(() => readSettings({}, environment)).toThrow('There is no API key for https://elsewhere.example');
    expect(readSettings({ url: 'https://default.example/' }, environment).apiKey).toBe('default-key');
  });

  it.each(['https://localhost.example', 'http://10.0.0.1:3000'])('never sends a development key to %s', (url) => {
    runHere(3000);
    expect(() => readSettings({ url }, environment)).toThrow('There is no API key for');
  });

  it.each(['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1'])('sends a development key to %s', (url) => {
    runHere(3000);
    expect(readSettings({ url }, environment)).toEqual({ url, apiKey: 'local-key' });
  });

  it.each([
    ['an address that is none', { url: 'localhost' }],
    ['another protocol', { url: 'ftp://localhost' }],
    ['an address with a query', { url: 'https://a.example?x=1' }],
    ['an address with a password', { url: 'https://user:secret@a.example' }],
    ['a key with a line break', { url: 'https://a.example', apiKey: 'secret\nX: y' }],
    ['a profile that is not there', { profile: 'missing' }],
  ])('refuses %s, as a matter of usage, and shows no secret', (_, options) => {
    configure(profiles);
    const failure = failureOf(() => readSettings(options, environment));
    expect(failure).toMatchObject({ exitCode: 2 });
    expect(failure.message).not.toMatch(/secret|-key/);
  });

  it.each([
    ['that is not JSON', '{"profiles": secret-key'],
    ['with a member that is not known', { profiles: {}, apikey: 'secret-key' }],
    ['with two keys for a profile', { profiles: { a: { url: 'https://a', apiKey: 'secret-key', apiKeyFile: 'b' } } }],
    ['that names a profile it does not have', { profile: 'b', profiles: {} }],
    ['that names a key file that is not there', { profiles: { default: { url: 'https://a', apiKeyFile: 'none' } } }],
  ])('refuses a file %s, and shows no secret', (_, content) => {
    configure(content);
    const failure = failureOf(() => readSettings({}, environment));
    expect(failure).toMatchObject({ exitCode: 2 });
    expect(failure.message).toContain(folder);
    expect(failure.message).not.toContain('secret-key');
  });
});

function failureOf(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

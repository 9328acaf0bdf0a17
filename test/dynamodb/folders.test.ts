import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '../../lib/dynamodb');
/** What each folder may use of the others. */
const uses: Readonly<Record<string, readonly string[]>> = {
  items: [],
  table: ['items'],
  commit: ['items', 'table'],
  readers: ['items', 'table'],
  stores: ['items', 'table', 'readers'],
  lines: ['items', 'table', 'commit'],
  journal: ['items', 'table'],
  audit: ['items', 'table'],
};

function usedBy(folder: string): string[] {
  const files = readdirSync(path.join(root, folder)).map((file) => readFileSync(path.join(root, folder, file), 'utf8'));
  const others = files.flatMap((source) =>
    [...source.matchAll(/from '\.\.\/(\w+)(?:\/|\.ts)/g)].map(([, name]) => name as string),
  );
  return [...new Set(others)].sort();
}

describe('the folders of the ledger on DynamoDB', () => {
  it('are these', () => {
    const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(uses).sort());
  });

  it.each(Object.keys(uses))('%s uses none but those that come before it', (folder) => {
    expect(usedBy(folder)).toEqual([...(uses[folder] as string[])].sort());
  });
});

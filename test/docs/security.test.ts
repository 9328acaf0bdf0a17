import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { projectFolder, readDocument, tableRows } from './documents.ts';

const page = readDocument('docs/security.md');
const threats = tableRows(page.slice(page.indexOf('## Threats'), page.indexOf('## What is not defended')));
const letters = ['S', 'T', 'R', 'I', 'D', 'E'];

describe('the page of threats', () => {
  it('has every kind of threat at every boundary of the diagram', () => {
    const diagram = /```\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
    const boundaries = [...new Set(threats.map(([boundary]) => boundary ?? ''))];
    expect(boundaries).toHaveLength(6);
    for (const boundary of boundaries) {
      expect(diagram).toContain(` ${boundary} `);
      const found = threats.filter(([name]) => name === boundary).map(([, letter]) => letter);
      expect({ boundary, letters: [...new Set(found)] }).toEqual({ boundary, letters });
    }
  });

  it('names for each threat what is done, and tests that there are', () => {
    for (const row of threats) {
      expect(row).toHaveLength(5);
      const files = [...(row[4] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);
      expect(files.length).toBeGreaterThan(0);
      for (const file of files)
        expect({ file, exists: existsSync(join(projectFolder, file)) }).toEqual({ file, exists: true });
    }
  });
});

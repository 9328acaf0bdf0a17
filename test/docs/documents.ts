import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const projectFolder = join(import.meta.dirname, '../..');

/** The text of a document, by its path in the project. */
export function readDocument(path: string): string {
  return readFileSync(join(projectFolder, path), 'utf8');
}

/** Every document of the project, by its path: those at the top and all below `docs/`. */
export function documentPaths(): string[] {
  const top = readdirSync(projectFolder).filter((name) => name.endsWith('.md'));
  const below = readdirSync(join(projectFolder, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`);
  return [...top, ...below].sort();
}

/** The rows of all tables of a document, cell by cell, without their headings. */
export function tableRows(document: string): string[][] {
  const lines = document.split('\n');
  return lines.flatMap((line, index) => {
    const isRow = line.startsWith('|') && !isRule(line) && !isRule(lines[index + 1] ?? '');
    return isRow
      ? [
          line
            .slice(1, line.lastIndexOf('|'))
            .split(' | ')
            .map((cell) => cell.trim()),
        ]
      : [];
  });
}

function isRule(line: string): boolean {
  return /^\|[-| ]+\|$/.test(line);
}

import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { documentPaths, projectFolder, readDocument } from './documents.ts';

const scripts: Readonly<Record<string, string>> = JSON.parse(readDocument('package.json')).scripts;

/** npm's own commands, which run a script of the same name. */
const shorthands = ['start', 'test'];

/** The targets of a document's links into the project, less what points elsewhere. */
function relativeLinks(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of a document's headings, as GitHub and GitLab make them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function brokenLinks(path: string): string[] {
  return relativeLinks(readDocument(path)).filter((target) => {
    const [file, anchor] = target.split('#');
    const linked = file ? normalize(join(dirname(path), file)) : path;
    if (!existsSync(join(projectFolder, linked))) return true;
    return anchor !== undefined && !anchors(readDocument(linked)).includes(anchor);
  });
}

/** Files of the project that a text names in code, such as `lib/http/chain.ts`. */
function missingFiles(text: string): string[] {
  return [...text.matchAll(/`((?:infra|functions|lib|test|docs|scripts)\/[\w./-]*\w)`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !existsSync(join(projectFolder, path)));
}

function unknownScripts(text: string): string[] {
  const run = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  const short = shorthands.filter((name) => new RegExp(`npm ${name}\\b`).test(text));
  return [...run, ...short].filter((name) => !(name in scripts));
}

describe.each(documentPaths())('%s', (path) => {
  it('links to what is there', () => {
    expect(brokenLinks(path)).toEqual([]);
  });

  it('names files that are there', () => {
    expect(missingFiles(readDocument(path))).toEqual([]);
  });

  it('names npm scripts that are there', () => {
    expect(unknownScripts(readDocument(path))).toEqual([]);
  });
});

describe('the checks of links', () => {
  it('find what is missing', () => {
    expect(relativeLinks('[a](b.md) [c](https://d.example) [e](#f)')).toEqual(['b.md', '#f']);
    expect(missingFiles('`lib/nowhere.ts` and `lib/http/chain.ts`')).toEqual(['lib/nowhere.ts']);
    expect(unknownScripts('npm run nothing, npm run build, npm start')).toEqual(['nothing']);
    expect(anchors('## What follows from `DynamoDB`?')).toEqual(['what-follows-from-dynamodb']);
  });
});

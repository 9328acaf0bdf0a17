import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type FollowedLog, followLog } from './followed-log.ts';

let folder: string;
let file: string;
let log: FollowedLog;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'florin-test-'));
  file = path.join(folder, 'functions.log');
  writeFileSync(file, 'before\n');
  log = followLog(file);
});
afterEach(() => {
  log.stop();
  rmSync(folder, { recursive: true });
});

it('has what was written since, and nothing of before', () => {
  appendFileSync(file, 'one\n');
  expect(log.text()).toBe('one\n');
  appendFileSync(file, 'two\n');
  expect(log.text()).toBe('one\ntwo\n');
});

it('has what stands in a log that was put aside, as often as that was done', () => {
  const lines = Array.from({ length: 4 }, (_, index) => `${index} ${'x'.repeat(1_000_000)}\n`);
  for (const line of lines) {
    appendFileSync(file, line);
    log.text();
    appendFileSync(file, `and more of ${line}`);
    renameSync(file, `${file}.1`);
    writeFileSync(file, '');
  }
  expect(log.text()).toBe(lines.map((line) => `${line}and more of ${line}`).join(''));
});

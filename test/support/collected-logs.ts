import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Names the folder that the logs of all runtimes of a test run are gathered in, to be searched by `search-logs.ts` at its end. */
const folderVariable = 'FLORIN_TEST_LOGS';

/** Keeps what the functions of an embedded runtime have logged, before its data are deleted. Does nothing where no folder is named. */
export function keepFunctionLogs(dataFolder: string): void {
  const folder = process.env[folderVariable];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const name of ['functions.log', 'functions.log.1']) {
    const file = path.join(dataFolder, name);
    if (existsSync(file)) copyFileSync(file, path.join(folder, `${randomUUID()}.log`));
  }
}

/** Keeps what a command line has said beside its result: whoever runs it in a pipeline has that in a log. Does nothing where no folder is named. */
export function keepCommandLog(stderr: string): void {
  const folder = process.env[folderVariable];
  if (!folder || stderr === '') return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, `${randomUUID()}.log`), stderr);
}

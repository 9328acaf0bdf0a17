import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { emulatorsFolder } from '../deployed/emulators-folder.ts';

const installTimeoutMs = 300_000;

/** The Python of a virtual environment with exactly the versions of the requirements file, made where it is missing. */
export function pythonOf(name: string, requirements: string): string {
  const folder = path.join(emulatorsFolder, name);
  const python = path.join(folder, 'bin/python');
  const mark = path.join(folder, 'requirements.txt');
  const wanted = readFileSync(requirements, 'utf8');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return python;
  mkdirSync(emulatorsFolder, { recursive: true });
  const run = (command: string, ...words: string[]) =>
    execFileSync(command, words, { stdio: ['ignore', 'inherit', 'inherit'], timeout: installTimeoutMs });
  run('python3', '-m', 'venv', '--clear', folder);
  run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements);
  // Last, so that an installation that was broken off is begun again.
  writeFileSync(mark, wanted);
  return python;
}

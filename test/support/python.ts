import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { emulatorsFolder } from '../deployed/emulators-folder.ts';

const installTimeoutMs = 900_000;
/** Seconds until a registry that is busy, or not there for a minute, is asked again. */
const pauses = ['10', '30', '60'];

/** The Python of a virtual environment with exactly the versions of the requirements file, made where it is missing. */
export function pythonOf(name: string, requirements: string): string {
  const folder = path.join(emulatorsFolder, name);
  const python = path.join(folder, 'bin/python');
  const mark = path.join(folder, 'installed.txt');
  // An environment is of one Python: it is of no use when that is replaced by the next.
  const version = execFileSync('python3', ['--version'], { encoding: 'utf8' });
  const wanted = `# ${version}${readFileSync(requirements, 'utf8')}`;
  if (existsSync(python) && existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return python;
  mkdirSync(emulatorsFolder, { recursive: true });
  run('python3', '-m', 'venv', '--clear', folder);
  install(python, requirements);
  // Last, so that an installation that was broken off is begun again.
  writeFileSync(mark, wanted);
  return python;
}

function install(python: string, requirements: string): void {
  const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
  for (const pause of [...pauses, undefined]) {
    try {
      run(python, ...words);
      return;
    } catch (error) {
      if (pause === undefined) throw error;
      console.error(`pip is tried again in ${pause} s: ${(error as Error).message}`);
      run('sleep', pause);
    }
  }
}

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ['ignore', 'inherit', 'inherit'], timeout: installTimeoutMs });
}

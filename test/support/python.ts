import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { emulatorsFolder } from '../deployed/emulators-folder.ts';

const installTimeoutMs = 900_000;
/** What Schemathesis needs. */
const isNewEnough = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))';
/** Seconds until a registry that is busy, or not there for a minute, is asked again. */
const pauses = ['10', '30', '60'];

/** The Python of a virtual environment with exactly the versions of the requirements file, made where it is missing. */
export function pythonOf(name: string, requirements: string): string {
  const folder = path.join(emulatorsFolder, name);
  const python = path.join(folder, 'bin/python');
  const mark = path.join(folder, 'installed.txt');
  const base = newEnoughPython();
  // An environment is of one Python: it is of no use when that is replaced by the next.
  const version = execFileSync(base, ['--version'], { encoding: 'utf8' });
  const wanted = `# ${version}${readFileSync(requirements, 'utf8')}`;
  if (existsSync(python) && existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return python;
  mkdirSync(emulatorsFolder, { recursive: true });
  run(base, '-m', 'venv', '--clear', folder);
  install(python, requirements);
  // Last, so that an installation that was broken off is begun again.
  writeFileSync(mark, wanted);
  return python;
}

/** @throws Error where there is no Python 3.11 or later that can make virtual environments */
function newEnoughPython(): string {
  const ofPyenv = path.join(process.env.PYENV_ROOT ?? path.join(homedir(), '.pyenv'), 'versions/3.*/bin/python');
  const found = ['python3', 'python3.13', 'python3.12', 'python3.11', ...globSync(ofPyenv)].find(
    (command) => spawnSync(command, ['-c', isNewEnough]).status === 0,
  );
  if (!found) throw new Error('Needs Python 3.11 or later, with venv and ensurepip.');
  return found;
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

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOfInputs } from '../build-inputs.ts';
import { shareLock, tryLock } from './file-lock.ts';
import { StartFailure } from './start-failure.ts';

const projectFolder = join(import.meta.dirname, '../..');
const buildsFolder = join(projectFolder, 'dist', 'embedded');
/** The file in a build that its users share a lock on. */
const inUse = 'in-use';
/** Builds kept, so that going back and forth between two versions of the code costs nothing. */
const buildsKept = 3;
const waitForOtherBuildMs = 120_000;

/** A build that stays where it is until it is released. */
export interface ApplicationBuild {
  readonly folder: string;
  /** Where Node may keep what it compiles of the bundles: it goes when they go. */
  readonly compiledCodeFolder: string;
  release(): void;
}

/**
 * The synthesised application with its bundles, in a folder named after the digest of all that goes into it: built only if there is none
 * for the present sources. Bundling and synthesis run in processes of their own, whose memory is gone afterwards.
 * @throws {StartFailure} with the compiler's own words when the sources do not build.
 */
export async function builtApplication(): Promise<ApplicationBuild> {
  const folder = join(buildsFolder, digestOfInputs());
  mkdirSync(buildsFolder, { recursive: true });
  // Also where it is built already: nobody may remove it before its use is marked.
  const lock = await lockBuilds();
  try {
    if (!isComplete(folder)) await build(folder);
    return {
      folder,
      compiledCodeFolder: join(folder, 'compiled'),
      release: shareLock(join(folder, inUse)).release,
    };
  } finally {
    lock.release();
  }
}

/** What is otherwise than in a stage by default: receivers of webhooks are likely on this machine, too. */
const contextHere = { webhookTargets: 'any' };

async function build(folder: string): Promise<void> {
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  await runNode(['infra/bundle.ts'], {});
  await runNode(applicationCommand(), { CDK_OUTDIR: unfinished, CDK_CONTEXT_JSON: JSON.stringify(contextHere) });
  renameSync(unfinished, folder);
  removeOldBuilds(folder);
}

function isComplete(folder: string): boolean {
  return existsSync(join(folder, 'manifest.json'));
}

async function lockBuilds(): Promise<{ release(): void }> {
  const giveUpAt = Date.now() + waitForOtherBuildMs;
  for (;;) {
    const lock = tryLock(join(buildsFolder, 'lock'));
    if (lock) {
      return lock;
    }
    if (Date.now() > giveUpAt) {
      throw new StartFailure(
        `Another process has been building in ${buildsFolder} for too long. End it and start again.`,
      );
    }
    await sleep(50);
  }
}

/** The command in cdk.json, less the `node` in front. */
function applicationCommand(): string[] {
  const { app } = JSON.parse(readFileSync(join(projectFolder, 'cdk.json'), 'utf8')) as { app: string };
  const [program, ...command] = app.split(' ');
  if (program !== 'node') {
    throw new StartFailure(`cdk.json starts the application with ${program}; the embedded runtime expects node.`);
  }
  return command;
}

function runNode(command: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn(process.execPath, command, {
    cwd: projectFolder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-8_000);
    });
  }
  return new Promise((fulfil, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) {
        fulfil();
      } else {
        reject(new StartFailure(`node ${command.join(' ')} failed (${signal ?? `code ${code}`}):\n${said.trim()}`));
      }
    });
  });
}

function removeOldBuilds(current: string): void {
  const now = new Date();
  utimesSync(current, now, now);
  const builds = readdirSync(buildsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ path: join(buildsFolder, name), time: statSync(join(buildsFolder, name)).mtimeMs }))
    .sort((left, right) => right.time - left.time);
  for (const { path } of builds.slice(buildsKept)) {
    // A runtime on it loads functions from there whenever they are called.
    const lock = tryLock(join(path, inUse));
    if (!lock) continue;
    rmSync(path, { recursive: true, force: true });
    lock.release();
  }
}

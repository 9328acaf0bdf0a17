import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { tryLock } from './file-lock.ts';
import { StartFailure } from './start-failure.ts';

/** Everything that a runtime keeps, by its use. */
const names = {
  lock: 'lock',
  owner: 'owner.json',
  database: 'dynamodb.sqlite',
  databasePid: 'dynamodb.pid',
  queues: 'queues',
  apiKey: 'api-key',
  secretsKey: 'secrets.key',
  issuerKey: 'issuer-key.pem',
  seeded: 'seeded.json',
  log: 'functions.log',
} as const;

const flagsFileName = 'flags.json';

/** A data folder that this process owns until it closes it or ends. */
export interface DataFolder {
  readonly databaseFile: string;
  readonly databasePidFile: string;
  readonly queuesFolder: string;
  readonly apiKeyFile: string;
  /** What seals secrets in the database; without it they cannot be opened. */
  readonly secretsKeyFile: string;
  readonly issuerKeyFile: string;
  readonly seededFile: string;
  readonly logFile: string;
  /** Made by a developer, who tries feature flags with it; so it is kept when the folder is emptied. */
  readonly flagsFile: string;
  /** Notes the port, for the message to whoever wants the same folder. */
  announce(port: number): void;
  close(): void;
}

/**
 * Opens a data folder, and makes it if need be.
 * @throws {StartFailure} when another process owns it (which one is said), or it cannot be written to.
 */
export function openDataFolder(path: string): DataFolder {
  const folder = resolve(path);
  const lock = lockFolder(folder);
  const file = (name: string): string => join(folder, name);
  const announce = (port: number | null): void =>
    writeFileSync(file(names.owner), `${JSON.stringify({ pid: process.pid, port })}\n`);
  announce(null);
  return {
    databaseFile: file(names.database),
    databasePidFile: file(names.databasePid),
    queuesFolder: file(names.queues),
    apiKeyFile: file(names.apiKey),
    secretsKeyFile: file(names.secretsKey),
    issuerKeyFile: file(names.issuerKey),
    seededFile: file(names.seeded),
    logFile: file(names.log),
    flagsFile: file(flagsFileName),
    announce,
    close() {
      rmSync(file(names.owner), { force: true });
      lock.release();
    },
  };
}

/**
 * Deletes what a runtime has put into the folder and nothing else, so that a folder given by mistake loses nothing.
 * @returns whether there was anything.
 * @throws {StartFailure} when a runtime owns the folder.
 */
export function emptyDataFolder(path: string): boolean {
  const folder = resolve(path);
  if (!existsSync(join(folder, names.lock))) {
    return false;
  }
  const lock = lockFolder(folder);
  try {
    const { lock: lockFile, ...rest } = names;
    const files = Object.values(rest).flatMap((name) => [
      name,
      `${name}.1`,
      `${name}.new`,
      `${name}-wal`,
      `${name}-shm`,
    ]);
    for (const name of [...files, `${lockFile}-journal`, lockFile]) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
    return true;
  } finally {
    lock.release();
  }
}

function lockFolder(folder: string): { release(): void } {
  try {
    mkdirSync(folder, { recursive: true });
    // Says at once whether the folder can be written to: SQLite opens a file on a read-only file system, too.
    writeFileSync(join(folder, names.lock), '', { flag: 'a' });
    const lock = tryLock(join(folder, names.lock));
    if (lock) {
      return lock;
    }
  } catch (error) {
    throw new StartFailure(
      `The data folder ${folder} cannot be used: ${(error as Error).message}\n` +
        'Give this user leave to write there, or choose another folder with FLORIN_DATA=<folder>.',
    );
  }
  throw new StartFailure(
    `The data folder ${folder} is in use by another Florin${describeOwner(join(folder, names.owner))}.\n` +
      'Stop that one first, or choose another folder with FLORIN_DATA=<folder>.',
  );
}

function describeOwner(file: string): string {
  try {
    const { pid, port } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number; port: number | null };
    return port === null ? ` (process ${pid}, still starting)` : ` (process ${pid}, port ${port})`;
  } catch {
    // It is about to write the file, or has just removed it; who it is matters less than that it is there.
    return '';
  }
}

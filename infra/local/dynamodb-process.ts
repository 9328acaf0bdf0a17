import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { dynamodbClient } from './dynamodb-client.ts';
import { freePort } from './free-port.ts';
import { StartFailure } from './start-failure.ts';

/** The embedded DynamoDB: one process on one SQLite file. */
export interface DynamoDBProcess {
  readonly endpoint: string;
  readonly pid: number;
  /** Settles with a description when the process ends without having been asked to. */
  readonly lost: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the emulator and ends it when we die, however we die: the shell reads from a pipe whose other end only
 * we hold, and the kernel closes that end even after SIGKILL. The shell notes the emulator's pid before anything else.
 */
const supervisor = `
"$@" </dev/null 3<&- &
emulator=$!
echo "$emulator" >"$PID_FILE"
{ read -r _ <&3; kill "$emulator"; } 2>/dev/null &
exec 3<&-
wait "$emulator"
`;

/** What it says when it does. */
const listening = /^Dynoxide listening.*\n/m;

/** It answers within a tenth of a second, but for a machine that is busy with other things. */
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 5_000;
const portTries = 5;

/**
 * Starts the emulator on a free port of the loopback interface.
 * @throws {StartFailure} when there is no binary for this platform, or it refuses the data file.
 */
export async function startDynamoDB(
  databaseFile: string,
  pidFile: string,
  drawPort: () => Promise<number> = freePort,
): Promise<DynamoDBProcess> {
  const binary = findBinary();
  await endOrphan(pidFile, databaseFile);
  if (!existsSync(databaseFile)) createDatabaseFile(databaseFile);
  for (let tries = 1; ; tries++) {
    const started = await startOn(await drawPort(), binary, databaseFile, pidFile);
    if (typeof started !== 'string') return started;
    // A port that was free when it was drawn may be somebody else's by now.
    if (tries === portTries || !/port \d+ is already in use/.test(started))
      throw databaseFailure(started, databaseFile);
  }
}

/** Starts the emulator on a port; or resolves with what it says where it does not start. */
async function startOn(
  port: number,
  binary: string,
  databaseFile: string,
  pidFile: string,
): Promise<DynamoDBProcess | string> {
  // A group of its own keeps a Ctrl-C in the terminal from ending the emulator under requests that are still in flight.
  const shell = spawn(
    'sh',
    ['-c', supervisor, 'sh', binary, 'serve', '--port', String(port), '--db-path', databaseFile],
    {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: process.env.PATH ?? '', PID_FILE: pidFile },
    },
  );
  let stopping = false;
  const { ended, listens } = watch(shell);
  const endpoint = `http://127.0.0.1:${port}`;
  const problem = await Promise.race([answers(endpoint, listens, () => shell.exitCode === null, ended), ended]);
  if (problem !== undefined) {
    shell.stdio[3]?.destroy();
    return problem;
  }
  return {
    endpoint,
    pid: Number(readFileSync(pidFile, 'utf8')),
    // An end that was asked for is no loss: the promise stays open then.
    lost: new Promise((fulfil) => ended.then((reason) => stopping || fulfil(reason))),
    async stop() {
      stopping = true;
      shell.stdio[3]?.destroy();
      if (
        shell.exitCode === null &&
        !(await Promise.race([ended.then(() => true), sleep(stopTimeoutMs, false, { ref: false })]))
      ) {
        await endOrphan(pidFile, databaseFile);
      }
      rmSync(pidFile, { force: true });
    },
  };
}

/**
 * Creates the file with a page cache of 32 MB for each connection to it, which the file itself remembers: SQLite's usual
 * 2 MB hold the working set of a few hundred accounts only, and the emulator offers no setting.
 */
function createDatabaseFile(databaseFile: string): void {
  const database = new DatabaseSync(databaseFile);
  // The header that keeps the setting is written with the first table, whatever becomes of that.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA default_cache_size = 8000');
  database.exec('CREATE TABLE _florin (unused); DROP TABLE _florin');
  database.close();
}

interface Watched {
  /** Whether the emulator has said that it listens. */
  readonly listens: () => boolean;
  /** Resolves once the shell has ended, with what the emulator said last. It never rejects. */
  readonly ended: Promise<string>;
}

function watch(shell: ChildProcess): Watched {
  let said = '';
  let hasListened = false;
  shell.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
    hasListened ||= listening.test(said);
  });
  // The pipe breaks by design when the emulator goes first.
  shell.stdio[3]?.on('error', () => undefined);
  // The emulator has gone first: the reader of the pipe may go too, and all that was said can be read to its end.
  shell.once('exit', () => shell.stdio[3]?.destroy());
  const ended = new Promise<string>((fulfil) => {
    shell.once('error', (error) => fulfil(error.message));
    shell.once('close', (code, signal) =>
      fulfil(said.replace(listening, '').trim() || `it ended with ${signal ?? `code ${code}`}`),
    );
  });
  return { listens: () => hasListened, ended };
}

/** Resolves when the emulator answers, or with what is wrong: of one that has ended, with what it said, which comes a little after its end. */
async function answers(
  endpoint: string,
  listens: () => boolean,
  isAlive: () => boolean,
  ended: Promise<string>,
): Promise<string | undefined> {
  const client = dynamodbClient(endpoint);
  const giveUpAt = Date.now() + readyTimeoutMs;
  try {
    for (;;) {
      try {
        // Who answers before it says that it listens is somebody else.
        if (!listens()) throw new Error('it does not listen');
        await client.call('ListTables', { Limit: 1 });
        return undefined;
      } catch (error) {
        // Refused connections are the normal case until the emulator listens.
        if (!isAlive()) return await ended;
        if (Date.now() > giveUpAt) return `it does not answer (${String(error)})`;
        await sleep(10);
      }
    }
  } finally {
    client.close();
  }
}

function findBinary(): string {
  const platform = `${process.platform}-${process.arch}`;
  const executable = process.platform === 'win32' ? 'dynoxide.exe' : 'dynoxide';
  const fallback =
    'Set AWS_ENDPOINT_URL_DYNAMODB to the URL of a DynamoDB that is running, for example DynamoDB Local, and start again.';
  if (process.platform === 'win32') {
    throw new StartFailure(`The embedded DynamoDB needs a POSIX shell, which Windows has only inside WSL. ${fallback}`);
  }
  try {
    return createRequire(import.meta.url).resolve(`@dynoxide/${platform}/${executable}`);
  } catch {
    throw new StartFailure(
      `There is no embedded DynamoDB for this platform: the package @dynoxide/${platform} is not installed ` +
        `(npm ci installs it where it exists, unless optional dependencies are off). ${fallback}`,
    );
  }
}

/**
 * Ends an emulator that an earlier runtime left on this very file, if there is one, and waits until it is gone. A pid alone
 * proves nothing, since pids are used again: the process must name the file on its command line.
 */
export async function endOrphan(pidFile: string, databaseFile: string): Promise<void> {
  const pid = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : Number.NaN;
  const giveUpAt = Date.now() + stopTimeoutMs;
  for (let signal: NodeJS.Signals = 'SIGTERM'; Number.isInteger(pid) && serves(pid, databaseFile); ) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended between the look and the signal, which is what was wanted.
    }
    await sleep(20);
    if (Date.now() > giveUpAt) {
      if (signal === 'SIGKILL') {
        throw new StartFailure(`Process ${pid} still uses ${databaseFile} and does not end. End it and start again.`);
      }
      signal = 'SIGKILL';
    }
  }
  rmSync(pidFile, { force: true });
}

function serves(pid: number, databaseFile: string): boolean {
  try {
    const command = execFileSync('ps', ['-o', 'stat=,command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    // A zombie (state Z) holds no file any more.
    return !command.startsWith('Z') && command.includes('dynoxide') && command.includes(databaseFile);
  } catch {
    return false;
  }
}

/** What to tell the user when the emulator, or SQLite itself, does not get on with the data file. */
export function databaseFailure(problem: string, databaseFile: string): StartFailure {
  return new StartFailure(
    /not a valid SQLite database|not a database|malformed|corrupt|disk image/i.test(problem)
      ? `The data file ${databaseFile} is damaged: ${problem}\nRestore it from a copy, or start afresh with npm run reset.`
      : `The embedded DynamoDB did not start on ${databaseFile}: ${problem}`,
  );
}

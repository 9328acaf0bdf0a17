import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { access, chown, mkdir, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';

const run = promisify(execFile);
const DEBIAN_VERSIONS = '/usr/lib/postgresql';
const START_TIMEOUT_MS = 20_000;

/**
 * Runs the server until standard input ends, so that not even a killed bench leaves it behind. SIGINT is PostgreSQL's fast
 * shutdown: sessions are ended, nothing is lost.
 */
const END_WITH_PARENT = '"$@" & server=$!; read -r _; kill -INT "$server"; wait "$server"';

/** How to connect: a folder with a Unix socket, as libpq's `PGHOST` takes it. */
export type PostgresCluster = { readonly socketFolder: string; readonly user: string; stop(): Promise<void> };

/** Where PostgreSQL's server programs lie: on the path, or where Debian keeps them (newest version first). */
export async function findPostgres(): Promise<string | undefined> {
  const versions = existsSync(DEBIAN_VERSIONS) ? await readdir(DEBIAN_VERSIONS) : [];
  const folders = [
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN_VERSIONS, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  for (const folder of folders) {
    const found = await Promise.all(['initdb', 'postgres'].map((name) => isExecutable(join(folder, name))));
    if (found.every(Boolean)) return folder;
  }
  return undefined;
}

/**
 * Makes a cluster of its own in `folder` and starts it, on a Unix socket only, with the durability it has by default
 * (`fsync` and `synchronous_commit` on). PostgreSQL refuses to run as root, so root hands the folder to another user.
 */
export async function startPostgres(programs: string, folder: string): Promise<PostgresCluster> {
  const identity = await unprivilegedIdentity();
  const user = 'bench';
  await mkdir(folder, { recursive: true });
  if (identity !== undefined) await chown(folder, identity.uid, identity.gid);
  const storage = join(folder, 'cluster');
  await run(join(programs, 'initdb'), ['-D', storage, '-U', user, '--auth=trust', '--encoding=UTF8', '--locale=C'], {
    ...identity,
    cwd: folder,
  });
  const server = spawn(
    '/bin/sh',
    ['-c', END_WITH_PARENT, 'sh', join(programs, 'postgres'), '-D', storage, '-k', folder, '-c', 'listen_addresses='],
    { ...identity, cwd: folder, stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let complaints = '';
  server.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-4_000);
  });
  await accepting(server, { host: folder, user }, () => complaints);
  return { socketFolder: folder, user, stop: () => stop(server) };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function unprivilegedIdentity(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const ids = await Promise.all(['-u', '-g'].map((option) => run('id', [option, name])));
      const [uid, gid] = ids.map(({ stdout }) => Number(stdout));
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {
      // There is no such user: the next one may exist.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as.');
}

async function accepting(
  server: ChildProcess,
  connection: { host: string; user: string },
  complaints: () => string,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL did not start:\n${complaints()}`);
    const client = new Client({ ...connection, database: 'postgres' });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`PostgreSQL does not accept connections:\n${complaints()}`, { cause: error });
      await sleep(50);
    }
  }
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const exited = once(server, 'exit');
  server.stdin?.end();
  await exited;
}

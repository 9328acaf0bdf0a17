/** `npm run audit:dependencies`: checks the lock file, and asks the registry for known vulnerabilities of what it names. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditVerdict, judgeAudit, type Severity } from './advisory-report.ts';
import { lockFileFaults } from './lock-file-faults.ts';

const project = new URL('../', import.meta.url);
const auditTimeoutMs = 120_000;
/** Advisories on packages that many others depend on are repeated for each of those. */
const outputBytes = 64 * 1_048_576;
/** A registry that is busy, or not there for a minute, says nothing of the dependencies. npm itself asks for advisories once. */
const pausesMs = [5_000, 15_000, 30_000, 60_000];

/** What is deployed may have nothing of consequence; tools that see no customer's requests may wait for a repair of the worst. */
const audits: readonly { readonly what: string; readonly words: readonly string[]; readonly worst: Severity }[] = [
  { what: 'production dependencies', words: ['--omit=dev'], worst: 'high' },
  { what: 'all dependencies', words: [], worst: 'critical' },
];

function checkLockFile(): boolean {
  const text = (name: string): string => readFileSync(new URL(name, project), 'utf8');
  const faults = lockFileFaults(text('package-lock.json'), text('package.json'));
  for (const fault of faults) console.error(`package-lock.json: ${fault}`);
  if (faults.length === 0)
    console.log(
      'package-lock.json: every package is of the registry and has a digest, but for optional binaries of other platforms',
    );
  return faults.length === 0;
}

function ask(words: readonly string[], worst: Severity): AuditVerdict {
  const { stdout, error } = spawnSync('npm', ['audit', '--json', ...words], {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: auditTimeoutMs,
    maxBuffer: outputBytes,
  });
  return error ? { kind: 'failed', reason: error.message } : judgeAudit(stdout, worst);
}

async function audit({ what, words, worst }: (typeof audits)[number]): Promise<boolean> {
  let verdict = ask(words, worst);
  for (const pauseMs of pausesMs) {
    if (verdict.kind !== 'failed') break;
    console.error(`${what}: the registry could not be asked, and is asked again: ${verdict.reason}`);
    await sleep(pauseMs);
    verdict = ask(words, worst);
  }
  switch (verdict.kind) {
    case 'clean':
      console.log(`${what}: nothing known of severity ${worst} or above`);
      return true;
    case 'vulnerable':
      console.error(`${what}: known vulnerabilities\n  ${verdict.packages.join('\n  ')}`);
      return false;
    case 'not served':
      console.log(`${what}: LEFT OUT, the registry in use serves no advisories (${verdict.status})`);
      return true;
    case 'failed':
      console.error(`${what}: the registry could not be asked: ${verdict.reason}`);
      return false;
  }
}

const held = [checkLockFile()];
for (const each of audits) held.push(await audit(each));
process.exitCode = held.every(Boolean) ? 0 : 1;

/**
 * Fuzzes the whole OpenAPI document against an embedded runtime with demo data, then audits the books of what is left:
 * `node test/fuzz/main.ts [--seconds 120] [--seed N | --seed random] [--report FILE]`.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { routes } from '../../lib/http/routes.ts';
import { ApiClient } from '../support/api-client.ts';
import { startEmbeddedHere } from '../support/embedded.ts';
import { logLeaks } from '../support/log-leaks.ts';
import { reportOf, type Verdict } from '../support/test-report.ts';
import { type Answers, answersOf, formatAnswers } from './coverage.ts';
import { type FollowedLog, followLog } from './followed-log.ts';
import { knownIds } from './known-ids.ts';
import { rightBodies } from './right-bodies.ts';
import { runSchemathesis } from './schemathesis.ts';

const project = path.resolve(import.meta.dirname, '../..');
/** The same in each run of the gate, so that a change and not a chance makes it fail. */
const fixedSeed = 20_261_121;
const usualSeconds = 120;
const auditTimeoutMs = 300_000;
const operations = routes.map(({ operationId }) => operationId);

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, seed: { type: 'string' }, report: { type: 'string' } },
  });
  const seed = values.seed === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed ?? fixedSeed);
  const seconds = Number(values.seconds ?? usualSeconds);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(seconds) || seconds < 1)
    throw new Error('--seconds and --seed are whole numbers; --seed may be "random".');
  console.log(`fuzz: seed ${seed}, ${seconds} s. Repeat with: npm run fuzz -- --seed ${seed} --seconds ${seconds}`);
  const verdicts = await verdictsOf(seed, seconds);
  for (const { name, findings } of verdicts) {
    console.log(`${findings.length === 0 ? 'passed' : 'FAILED'}: ${name}`);
    for (const finding of findings) console.log(`  ${finding}`);
  }
  if (values.report) writeFileSync(values.report, JSON.stringify(reportOf(import.meta.filename, verdicts)));
  return verdicts.every(({ findings }) => findings.length === 0);
}

async function verdictsOf(seed: number, seconds: number): Promise<Verdict[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'florin-fuzz-'));
  const runtime = await startEmbeddedHere({ dataFolder: path.join(folder, 'data') });
  let log: FollowedLog | undefined;
  try {
    const { url, apiKey } = runtime;
    const ids = await knownIds(new ApiClient(url, apiKey, { insists: true }), runtime);
    log = followLog(path.join(folder, 'data/functions.log'));
    const { passed, exitCodes } = await runSchemathesis({
      url,
      apiKey,
      seed,
      seconds,
      ids,
      bodies: rightBodies(ids),
      folder,
    });
    const failures = passed ? [] : [`Schemathesis ended with ${exitCodes.join(' and ')}; what it found stands above`];
    const lines = log.text();
    const answers = answersOf(operations, lines);
    console.log(formatAnswers(answers));
    return [
      { name: 'no answer is a fault or outside the OpenAPI document', findings: failures },
      { name: 'the books are right after it', findings: await auditFindings(url, apiKey) },
      { name: 'each operation has done its work at least once', findings: neverDone(answers) },
      { name: 'no function has logged an error', findings: loggedErrors(lines, ids.deadLetterId ?? []) },
      { name: 'no line of the log gives anything away', findings: logLeaks(lines).map((leak) => JSON.stringify(leak)) },
    ];
  } finally {
    log?.stop();
    await runtime.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the command that anybody audits a ledger with has to say. */
async function auditFindings(url: string, apiKey: string): Promise<string[]> {
  const words = ['cli/florin.js', 'audit', '--url', url];
  const options = { cwd: project, timeout: auditTimeoutMs, env: { ...process.env, FLORIN_API_KEY: apiKey } };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, words, options);
    console.log(stdout.trimEnd());
    return [];
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { readonly stdout?: string; readonly stderr?: string };
    return [stdout || stderr || message];
  }
}

/** A fuzz that an operation refuses each time has tried the refusals and nothing else. */
function neverDone(answers: readonly Answers[]): string[] {
  return answers.filter(({ succeeded }) => succeeded === 0).map(({ operation }) => `${operation} has never succeeded`);
}

/** Where this machine is too busy, the runtime's DynamoDB answers its readers of streams late; they ask again, and no function is concerned. */
const isBusy = /reading the stream: Error: \S+ did not answer \w+ in time/;

/** That a dead letter was kept is an error; those that were made to be there are none, and may be told late. */
function loggedErrors(lines: string, made: readonly string[]): string[] {
  const isMade = (line: string): boolean =>
    line.includes('"message":"dead letter"') && made.some((id) => line.includes(id));
  return lines
    .split('\n')
    .filter((line) => line.includes('"level":"ERROR"') && !isBusy.test(line) && !isMade(line))
    .slice(0, 10);
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

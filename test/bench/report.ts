import { accessNames } from './access-contest.ts';
import type { AsyncMeasurement } from './async-contest.ts';
import { COLD_IMPORTS, type ColdImport, nothingName } from './cold-import.ts';
import type { Measurement } from './contest.ts';
import { historyNames } from './history-contest.ts';
import type { Memory } from './process-memory.ts';
import { spreadNames } from './spread-contest.ts';
import { florinName, functionName, statementsName } from './transfer-contest.ts';
import type { Workload } from './workloads.ts';

const NAME_WIDTH = 52;
const MAXIMUM_COLD_IMPORT_MS = 150;
const MAXIMUM_BUNDLE_BYTES = 640_000;
const MAXIMUM_FAILED_ATTEMPTS = 0.1;
const MAXIMUM_IDLE_MEMORY = 250_000_000;
const MAXIMUM_IDLE_SHARE = 0.03;

/** What the runtime takes while nobody asks it for anything. */
export type Idle = Memory & {
  /** Of one processor. */
  readonly processorShare: number;
};

/** One block for each workload, one line for each side: how much, how long, and how much of Florin's figure that is. */
export function formatMeasurements(measurements: readonly Measurement[]): string {
  const blocks: string[] = [];
  for (const workload of new Set(measurements.map((measurement) => measurement.workload))) {
    const lines = measurements.filter((measurement) => measurement.workload === workload);
    const first = lines[0];
    if (first === undefined) continue;
    const unit = workload.expectedStatus === 201 ? 'transfers/s' : 'reads/s';
    const title = `${workload.title}, ${workload.clients} at once`.padEnd(NAME_WIDTH);
    blocks.push(
      `${title}${unit.padStart(12)}     p50 ms     p99 ms  to first`,
      ...lines.map((line) => formatLine(line, first)),
      '',
    );
  }
  return blocks.join('\n');
}

function formatLine(line: Measurement, reference: Measurement): string {
  const name = `  ${line.contestant}`.padEnd(NAME_WIDTH);
  const figures = [
    Math.round(line.perSecond).toLocaleString('en').padStart(12),
    line.p50.toFixed(1).padStart(11),
    line.p99.toFixed(1).padStart(11),
    formatRatio(line.perSecond / reference.perSecond).padStart(8),
  ].join('');
  const failed =
    line.failedAttempts === undefined ? '' : `   ${line.failedAttempts.toFixed(3)} failed writes a success`;
  const turnedAway = line.turnedAway === 0 ? '' : `   ${line.turnedAway} turned away (429, 503)`;
  return name + figures + failed + turnedAway;
}

/** One block for each load: what was accepted, what was applied, and what the same clients do at once. */
export function formatAsync(measurements: readonly AsyncMeasurement[]): string {
  const blocks = measurements.map((measurement) => {
    const { title, transfers, atOncePerSecond, acceptedPerSecond, appliedPerSecond } = measurement;
    const { acceptP50, acceptP99, waitP50, waitP99 } = measurement;
    const lineOf = (name: string, perSecond: number, p50?: number, p99?: number): string =>
      [
        `  ${name}`.padEnd(NAME_WIDTH),
        Math.round(perSecond).toLocaleString('en').padStart(12),
        (p50?.toFixed(1) ?? '').padStart(11),
        (p99?.toFixed(1) ?? '').padStart(11),
        formatRatio(perSecond / atOncePerSecond).padStart(8),
      ].join('');
    const head = `${transfers.toLocaleString('en')} transfers ${title}, 8 at once`.padEnd(NAME_WIDTH);
    return [
      `${head}${'transfers/s'.padStart(12)}     p50 ms     p99 ms  to first`,
      lineOf('executed at once', atOncePerSecond),
      lineOf('accepted', acceptedPerSecond, acceptP50, acceptP99),
      lineOf('applied, from acceptance on', appliedPerSecond, waitP50, waitP99),
      '',
    ].join('\n');
  });
  return blocks.join('\n');
}

/** One line for each function's code and one for the peer, a module with nothing in it. */
export function formatColdImports(coldImports: readonly ColdImport[]): string {
  const columns = ['KB', 'ms', 'fastest', 'no map', 'compile'].map((column) => column.padStart(10)).join('');
  const lines = coldImports.map(({ name, bytes, asInLambda, fastest, withoutSourceMap, compiling }) => {
    const milliseconds = [asInLambda, fastest, withoutSourceMap, compiling].map((figure) =>
      figure.toFixed(1).padStart(10),
    );
    return (
      `  ${name}`.padEnd(NAME_WIDTH) +
      Math.round(bytes / 1_000)
        .toFixed()
        .padStart(10) +
      milliseconds.join('')
    );
  });
  const title = `Importing a function's code, ${COLD_IMPORTS} times`.padEnd(NAME_WIDTH);
  return [
    title + columns,
    ...lines,
    '  Medians in fresh processes. no map: without its source map; compile: what of that is compiling.',
    '',
  ].join('\n');
}

/** What the project set out to reach, and what this run reached; only what was measured is judged. */
export function formatTargets(
  measurements: readonly Measurement[],
  idle: Idle | undefined,
  coldImports: readonly ColdImport[],
): string {
  const lines: string[] = [];
  const judge = (what: string, reached: boolean, figure: string): void => {
    lines.push(`  ${reached ? 'reached' : 'MISSED '}  ${what.padEnd(70)} ${figure}`);
  };
  const find = (group: Workload['group'], clients: number, contestant: string): Measurement | undefined =>
    measurements.find(
      ({ workload, contestant: name }) =>
        workload.group === group && workload.clients === clients && name === contestant,
    );
  const judgeRatio = (what: string, least: number, ours?: Measurement, theirs?: Measurement): void => {
    if (ours === undefined || theirs === undefined) return;
    const ratio = ours.perSecond / theirs.perSecond;
    judge(`${what}: at least ${least} ×`, ratio >= least, formatRatio(ratio));
  };

  const [hot, hotPeer] = [find('hot', 32, florinName), find('hot', 32, statementsName)];
  judgeRatio(
    'random accounts, 32: against 9 statements',
    1,
    find('random', 32, florinName),
    find('random', 32, statementsName),
  );
  judgeRatio('hot source, 32: against 9 statements', 2, hot, hotPeer);
  if (hot !== undefined && hotPeer !== undefined) {
    const figure = `${hot.p99.toFixed(0)} ms to ${hotPeer.p99.toFixed(0)} ms`;
    judge('hot source, 32: p99 below that of 9 statements', hot.p99 < hotPeer.p99, figure);
  }
  const spread = find('spread', 32, spreadNames.sharded)?.failedAttempts;
  if (spread !== undefined) {
    const what = 'spread treasury, 32: failed writes for each success below 0.1';
    judge(what, spread < MAXIMUM_FAILED_ATTEMPTS, spread.toFixed(3));
  }
  const access = measurements.filter(({ workload }) => workload.group === 'access');
  for (const workload of new Set(access.map((measurement) => measurement.workload))) {
    const sideOf = (name: string) => access.find((each) => each.workload === workload && each.contestant === name);
    judgeRatio(
      `${workload.title}, ${workload.clients}: a client's key and rate against the deployment's`,
      0.9,
      sideOf(accessNames.client),
      sideOf(accessNames.deployment),
    );
  }
  const history = find('history', 8, historyNames.florin(200_000));
  judgeRatio(
    'history at 200 thousand: against the global index',
    20,
    history,
    find('history', 8, historyNames.globalIndex(200_000)),
  );
  judgeRatio(
    'history at 200 thousand: against its own at 1 thousand',
    0.9,
    history,
    find('history', 8, historyNames.florin(1_000)),
  );
  const functions = coldImports.filter(({ name }) => name !== nothingName);
  if (functions.length > 0) {
    const slowest = Math.max(...functions.map(({ asInLambda }) => asInLambda));
    judge('importing any function: below 150 ms', slowest < MAXIMUM_COLD_IMPORT_MS, `${slowest.toFixed(0)} ms`);
    const largest = Math.max(...functions.map(({ bytes }) => bytes));
    judge('code of any function: below 640 KB', largest < MAXIMUM_BUNDLE_BYTES, `${Math.round(largest / 1_000)} KB`);
  }
  if (idle !== undefined) {
    const megabytes = formatMegabytes(idle.proportionalBytes);
    judge('memory, idle: below 250 MB', idle.proportionalBytes < MAXIMUM_IDLE_MEMORY, megabytes);
    const share = formatShare(idle.processorShare);
    judge('processor, idle: below 3 % of one', idle.processorShare < MAXIMUM_IDLE_SHARE, share);
  }

  const notes: string[] = [];
  const note = (what: string, ours?: Measurement, theirs?: Measurement): void => {
    if (ours !== undefined && theirs !== undefined)
      notes.push(`  ${what}: ${formatRatio(ours.perSecond / theirs.perSecond)}`);
  };
  note(
    'random accounts, 32: against one SQL function',
    find('random', 32, florinName),
    find('random', 32, functionName),
  );
  note('hot source, 32: against one SQL function', hot, find('hot', 32, functionName));
  note(
    'history at 200 thousand: against an index by account',
    history,
    find('history', 8, historyNames.accountIndex(200_000)),
  );
  return [
    ...(lines.length > 0 ? ['Targets', ...lines, ''] : []),
    ...(notes.length > 0 ? ['For comparison, Florin', ...notes, ''] : []),
  ].join('\n');
}

export function formatIdle({ processes, residentBytes, proportionalBytes, processorShare }: Idle): string {
  return `The idle runtime takes ${formatShare(processorShare)} of a processor, and memory of ${formatMegabytes(proportionalBytes)} in ${processes} processes (resident, shared pages counted for each: ${formatMegabytes(residentBytes)})\n`;
}

function formatRatio(ratio: number): string {
  return `${ratio.toFixed(ratio < 10 ? 2 : 0)} ×`;
}

function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}

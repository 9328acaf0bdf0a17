import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startEmbeddedProcess } from '../support/embedded.ts';

const usage = `Usage: node test/load/main.ts [options]

Runs the load scenario with k6, checks the books afterwards, and writes a report page.

  --url <url>        the stage to load, with FLORIN_API_KEY for its key; by default a fresh embedded runtime
  --smoke            a short run: 8 users, 30 seconds, 40 accounts
  --report <file>    the page to write; load-report.html by default

LOAD_USERS, LOAD_SECONDS, LOAD_ACCOUNTS, LOAD_READ_SHARE, LOAD_HOT_SHARE, LOAD_REPLAY_SHARE, LOAD_OVERDRAFT_SHARE and LOAD_P95_MS shape
the run (docs/load.md). K6 names the k6 program; by default it is looked for in PATH.`;

const withoutK6 = `k6 was not found. It is one program without dependencies:
  https://grafana.com/docs/k6/latest/set-up/install-k6/
or, with Go:  go install go.k6.io/k6@v1.3.0
Name it with K6=<path> if it is not in PATH.`;

/** Exit code where k6 could not be started at all. */
const notFound = 127;

const smoke = { LOAD_USERS: '8', LOAD_SECONDS: '30', LOAD_ACCOUNTS: '40' };

/** Nothing of a run leaves this machine but the requests themselves. */
const k6Settings = {
  K6_NO_USAGE_REPORT: 'true',
  K6_AUTO_EXTENSION_RESOLUTION: 'false',
  K6_WEB_DASHBOARD: 'true',
  // The report is made, and no dashboard is served meanwhile.
  K6_WEB_DASHBOARD_PORT: '-1',
  K6_WEB_DASHBOARD_PERIOD: '1s',
};

interface Target {
  readonly url: string;
  readonly apiKey: string;
  stop(): Promise<void>;
}

async function openTarget(url: string | undefined): Promise<Target> {
  if (url === undefined) return startEmbeddedProcess();
  const apiKey = process.env.FLORIN_API_KEY;
  if (!apiKey) throw new Error('FLORIN_API_KEY has to be the key of the stage at --url');
  return { url, apiKey, async stop() {} };
}

/** Runs k6 to its end; resolves with its exit code, which is not 0 when a threshold was crossed. */
async function runK6(environment: NodeJS.ProcessEnv): Promise<number> {
  const script = new URL('./transfers.js', import.meta.url).pathname;
  const k6 = spawn(process.env.K6 ?? 'k6', ['run', script], {
    env: environment,
    stdio: 'inherit',
  });
  try {
    const [code] = (await once(k6, 'exit')) as [number | null];
    return code ?? 1;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    console.error(withoutK6);
    return notFound;
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      smoke: { type: 'boolean' },
      report: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const target = await openTarget(values.url);
  try {
    const report = values.report ?? 'load-report.html';
    const code = await runK6({
      ...(values.smoke && smoke),
      ...process.env,
      ...k6Settings,
      K6_WEB_DASHBOARD_EXPORT: report,
      FLORIN_URL: target.url,
      FLORIN_API_KEY: target.apiKey,
      LOAD_RUN: process.env.LOAD_RUN ?? Date.now().toString(36),
    });
    if (code !== notFound) console.log(`Report: ${report}`);
    return code;
  } finally {
    await target.stop();
  }
}

process.exitCode = await main();

/** The part of Jest's report (`--json`) that the gate reads; what runs without Jest reports in the same form. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly TestFile[];
}

interface TestFile {
  readonly name: string;
  /** Why the file could not be run, or all its failures. */
  readonly message: string;
  readonly assertionResults: readonly TestResult[];
}

interface TestResult {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** One report of two runs. */
export function addReports(one: TestReport, other: TestReport): TestReport {
  return {
    numPassedTests: one.numPassedTests + other.numPassedTests,
    numFailedTests: one.numFailedTests + other.numFailedTests,
    numPendingTests: one.numPendingTests + other.numPendingTests,
    numRuntimeErrorTestSuites: one.numRuntimeErrorTestSuites + other.numRuntimeErrorTestSuites,
    testResults: [...one.testResults, ...other.testResults],
  };
}

/** A report of what was to hold, by name, with what was found against it. */
export function reportOf(name: string, verdicts: readonly Verdict[]): TestReport {
  const failed = verdicts.filter(({ findings }) => findings.length > 0).length;
  return {
    numPassedTests: verdicts.length - failed,
    numFailedTests: failed,
    numPendingTests: 0,
    numRuntimeErrorTestSuites: 0,
    testResults: [
      {
        name,
        message: '',
        assertionResults: verdicts.map((verdict) => ({
          fullName: verdict.name,
          status: verdict.findings.length === 0 ? 'passed' : 'failed',
          failureMessages: verdict.findings,
        })),
      },
    ],
  };
}

/** One thing that was to hold, and what was found against it: nothing, if it held. */
export interface Verdict {
  readonly name: string;
  readonly findings: readonly string[];
}

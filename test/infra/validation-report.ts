/** What the tests read of the report that the CDK writes of its validation packs. */
export interface ValidationReport {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly conclusion: string;
    readonly violations: readonly { readonly ruleName: string }[];
    readonly suppressedViolations?: readonly {
      readonly ruleName: string;
      readonly acknowledgedAt: string;
      readonly reason: string;
    }[];
  }[];
}

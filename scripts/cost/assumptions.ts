/** What the page assumes because it was not measured on AWS. Each is named on the page, with what it weighs. */
export const assumptions = {
  /** Memory of every function: `infra/ledger-function.ts`. */
  lambdaMegabytes: 1024,
  /** Billed milliseconds of a request that writes: one or two round trips to DynamoDB, and some of our own. */
  billedMsOfWrite: 20,
  /** Billed milliseconds of a request that reads. */
  billedMsOfRead: 10,
  /** Billed milliseconds of a worker for one batch of messages, or of stream records. */
  billedMsOfBatch: 40,
  /** Requests to a queue by which Lambda gets a batch of messages and deletes it. */
  requestsPerBatch: 2,
  /** Initialisation of a cold function, which Lambda bills since August 2025, in milliseconds. */
  initMs: 300,
  /** Requests that meet a cold function. */
  coldShare: 0.001,
  /** Requests that X-Ray records, as in the stage `prod`. */
  tracedShare: 0.05,
  /** Bytes of the lines Lambda itself writes of an invocation (`platform.start`, `platform.report`). */
  lambdaLogBytes: 650,
  /** Bytes of API Gateway's access log line, in the form that `infra/ledger-api.ts` gives it. */
  accessLogBytes: 420,
  /** Bytes CloudWatch Logs adds to each line when it bills it. Source: PutLogEvents, CloudWatch Logs API Reference. */
  logLineOverheadBytes: 26,
  /** Lines of Lambda and API Gateway together. */
  platformLogLines: 3,
  /** Bytes of an answer's headers, those that API Gateway adds included. */
  headerBytes: 900,
} as const;

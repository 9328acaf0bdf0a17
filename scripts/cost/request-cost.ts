import { assumptions } from './assumptions.ts';
import type { MeasuredBackground, MeasuredOperation } from './measured.ts';
import { costOf, type PriceList } from './prices.ts';

const million = 1_000_000;
const gigabyte = 2 ** 30;
const msPerSecond = 1_000;

/** Dollars per million requests of one kind, by what is paid for. */
export interface RequestCost {
  readonly dynamodb: number;
  readonly apiGateway: number;
  readonly lambda: number;
  readonly logs: number;
  readonly traces: number;
  readonly queues: number;
  readonly transferOut: number;
  readonly total: number;
}

export function requestCost(prices: PriceList, operation: MeasuredOperation): RequestCost {
  const { writeUnits, readUnits, answerBytes } = operation;
  const parts = {
    dynamodb:
      costOf(prices, 'dynamodbWriteUnit', writeUnits * million) +
      costOf(prices, 'dynamodbReadUnit', readUnits * million),
    apiGateway: costOf(prices, 'apiGatewayRequest', million),
    lambda: costOf(prices, 'lambdaRequest', million) + lambdaTimeCost(prices, billedMs(operation)),
    logs: costOf(prices, 'logIngestion', (loggedBytes(operation) * million) / gigabyte),
    traces: costOf(prices, 'traceRecorded', assumptions.tracedShare * million),
    queues: costOf(prices, 'sqsFifoRequest', operation.queueRequests * million),
    transferOut: costOf(prices, 'transferOut', ((answerBytes + assumptions.headerBytes) * million) / gigabyte),
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** Dollars per million transactions or events of one kind of work in the background. */
export interface BackgroundCost {
  readonly dynamodb: number;
  readonly lambda: number;
  readonly messaging: number;
  readonly logs: number;
  readonly total: number;
}

export function backgroundCost(prices: PriceList, measured: MeasuredBackground): BackgroundCost {
  const { count, writeUnits, readUnits, queueRequests, publishRequests, logBytes, logLines } = measured;
  const { billedMsOfBatch, coldShare, initMs, lambdaLogBytes, logLineOverheadBytes, platformLogLines } = assumptions;
  const batches = million / count;
  // A worker has no line of API Gateway's.
  const logged = logBytes + lambdaLogBytes + (logLines + platformLogLines - 1) * logLineOverheadBytes;
  const parts = {
    dynamodb:
      costOf(prices, 'dynamodbWriteUnit', writeUnits * batches) +
      costOf(prices, 'dynamodbReadUnit', readUnits * batches),
    lambda:
      costOf(prices, 'lambdaRequest', batches) + lambdaTimeCost(prices, billedMsOfBatch + coldShare * initMs) / count,
    messaging:
      costOf(prices, 'sqsFifoRequest', queueRequests * batches) +
      costOf(prices, 'snsFifoPublish', publishRequests * batches),
    logs: costOf(prices, 'logIngestion', (logged * batches) / gigabyte),
  };
  return { ...parts, total: Object.values(parts).reduce((sum, part) => sum + part, 0) };
}

/** What a million times so many milliseconds of the functions' memory cost, in dollars. */
export function lambdaTimeCost(prices: PriceList, ms: number): number {
  const gigabytes = assumptions.lambdaMegabytes / 1024;
  return costOf(prices, 'lambdaArmGigabyteSecond', (gigabytes * ms * million) / msPerSecond);
}

/** Milliseconds a request is billed on average, its share of cold functions included. */
function billedMs({ kind }: MeasuredOperation): number {
  const handler = kind === 'write' ? assumptions.billedMsOfWrite : assumptions.billedMsOfRead;
  return handler + assumptions.coldShare * assumptions.initMs;
}

/** Bytes a request adds to the logs, as CloudWatch bills them: its own lines, Lambda's, and API Gateway's. */
export function loggedBytes({ logBytes, logLines }: MeasuredOperation): number {
  const { lambdaLogBytes, accessLogBytes, platformLogLines, logLineOverheadBytes } = assumptions;
  const lines = logLines + platformLogLines;
  return logBytes + lambdaLogBytes + accessLogBytes + lines * logLineOverheadBytes;
}

import { assumptions } from './assumptions.ts';
import type { MeasuredOperation } from './measured.ts';
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
    transferOut: costOf(prices, 'transferOut', ((answerBytes + assumptions.headerBytes) * million) / gigabyte),
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

import { assumptions } from './assumptions.ts';
import { storageOverheadBytes } from './item-size.ts';
import type { Measured, MeasuredOperation } from './measured.ts';
import { costOf, type PriceList } from './prices.ts';
import { backgroundCost, lambdaTimeCost, loggedBytes, requestCost } from './request-cost.ts';

const begin = '<!-- begin of what node scripts/cost.ts writes -->';
const end = '<!-- end of what node scripts/cost.ts writes -->';
const million = 1_000_000;
const gigabyte = 2 ** 30;

/** Puts what was measured into the page, between its marks. @throws Error where the page has no marks */
export function withGenerated(page: string, measured: Measured, prices: PriceList): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the page needs the lines ${begin} and ${end}`);
  const sections = [
    requestTable(measured, prices),
    backgroundTable(measured, prices),
    unitTable(measured),
    backgroundUnitTable(measured),
    storageTable(measured, prices),
    assumptionTable(prices),
    priceTable(prices),
  ];
  return `${page.slice(0, from)}${begin}\n\n${sections.join('\n\n')}\n\n${page.slice(to)}`;
}

function requestTable({ operations }: Measured, prices: PriceList): string {
  const rows = operations.map((operation) => {
    const cost = requestCost(prices, operation);
    const { dynamodb, apiGateway, lambda, logs, traces, queues, transferOut, total } = cost;
    return [
      operation.title,
      ...[dynamodb, apiGateway, lambda, logs, traces + transferOut + queues].map(dollars),
      bold(dollars(total)),
    ];
  });
  return [
    `### Dollars per million requests`,
    table(['request', 'DynamoDB', 'API Gateway', 'Lambda', 'logs', 'traces, transfer out, queues', 'total'], rows),
    lostAttempt(operations, prices),
  ].join('\n\n');
}

/** What one lost attempt adds to a transfer: the difference of two measured requests. */
function lostAttempt(operations: readonly MeasuredOperation[], prices: PriceList): string {
  const dynamodb = (id: string) => {
    const operation = operations.find((each) => each.id === id);
    if (!operation) throw new Error(`nothing was measured for ${id}`);
    return requestCost(prices, operation).dynamodb;
  };
  const added = dynamodb('transfer_after_lost_attempt') - dynamodb('transfer_warm');
  return `A failed attempt consumes its units too: each one adds ${dollars(added)} per million transfers that have it.`;
}

function backgroundTable({ background }: Measured, prices: PriceList): string {
  const rows = background.map((work) => {
    const { dynamodb, lambda, messaging, logs, total } = backgroundCost(prices, work);
    return [work.title, ...[dynamodb, lambda, messaging, logs].map(dollars), bold(dollars(total))];
  });
  const head = ['work in the background', 'DynamoDB', 'Lambda', 'queues and topic', 'logs', 'total'];
  return `### Dollars per million transactions or events, in the background\n\n${table(head, rows)}`;
}

function backgroundUnitTable({ background }: Measured): string {
  const rows = background.map(({ title, calls, writeUnits, readUnits, queueRequests, publishRequests, logBytes }) => [
    title,
    calls,
    ...[writeUnits, readUnits, queueRequests, publishRequests, logBytes].map(String),
  ]);
  const head = [
    'one batch of work in the background',
    'calls to DynamoDB',
    'write units',
    'read units',
    'requests to queues',
    'requests to the topic',
    'bytes of our log lines',
  ];
  return `### What one batch takes\n\n${table(head, rows)}`;
}

function unitTable({ operations }: Measured): string {
  const rows = operations.map((operation) => {
    const { title, calls, writeUnits, readUnits, logBytes, answerBytes } = operation;
    return [title, calls, ...[writeUnits, readUnits, logBytes, loggedBytes(operation), answerBytes].map(String)];
  });
  const head = [
    'request',
    'calls to DynamoDB',
    'write units',
    'read units',
    'bytes of our log line',
    'bytes logged in all',
    'bytes of the answer',
  ];
  return `### What one request takes\n\n${table(head, rows)}`;
}

function storageTable({ transferStorage }: Measured, prices: PriceList): string {
  const { recordBytes, entryBytes, items } = transferStorage;
  const bytes = recordBytes + entryBytes + items * storageOverheadBytes;
  const gigabytes = (bytes * million) / gigabyte;
  const rows = [
    ['items kept for ever: the record and two entries', `${recordBytes} + ${entryBytes} bytes`],
    [`DynamoDB's own ${storageOverheadBytes} bytes for each item`, `${items * storageOverheadBytes} bytes`],
    ['a million transfers', `${gigabytes.toFixed(2)} GB`],
    ['their storage, a month', dollars(costOf(prices, 'dynamodbStorage', gigabytes))],
    ['their point-in-time recovery, a month', dollars(costOf(prices, 'dynamodbRecovery', gigabytes))],
    ['restoring them once', dollars(costOf(prices, 'dynamodbRestore', gigabytes))],
  ];
  return `### What a million transfers leave behind\n\n${table(['', ''], rows)}`;
}

function assumptionTable(prices: PriceList): string {
  const { lambdaMegabytes, billedMsOfWrite, billedMsOfRead, initMs, coldShare, tracedShare } = assumptions;
  const tenMs = 10;
  const rows = [
    ['memory of each function', `${lambdaMegabytes} MB on arm64`],
    [
      'billed time of a request that writes',
      `${billedMsOfWrite} ms; each 10 ms more are ${dollars(lambdaTimeCost(prices, tenMs))} per million`,
    ],
    ['billed time of a request that reads', `${billedMsOfRead} ms`],
    ['billed time of a worker for a batch', `${assumptions.billedMsOfBatch} ms`],
    ['requests by which Lambda gets a batch of messages and deletes it', String(assumptions.requestsPerBatch)],
    [
      'cold functions',
      `${coldShare * 100} % of the requests, ${initMs} ms of initialisation each, which is billed: ${dollars(lambdaTimeCost(prices, coldShare * initMs))} per million`,
    ],
    ['traces recorded', `${tracedShare * 100} % of the requests`],
    ['Lambda’s own log lines', `${assumptions.lambdaLogBytes} bytes`],
    ['API Gateway’s access log line', `${assumptions.accessLogBytes} bytes`],
    ['what CloudWatch adds to each line', `${assumptions.logLineOverheadBytes} bytes`],
    ['headers of an answer', `${assumptions.headerBytes} bytes; bodies are counted before compression`],
  ];
  return `### What is assumed, not measured\n\n${table(['', ''], rows)}`;
}

function priceTable({ region, asOf, prices }: PriceList): string {
  const rows = Object.values(prices).map(({ usd, per, unit, source, sourceDate, basis }) => [
    unit,
    `${usd} per ${per === 1 ? 'one' : per.toLocaleString('en-US')}`,
    `[${sourceDate}](${source})`,
    basis,
  ]);
  const intro = `In dollars, ${region}, looked up last for ${asOf}; free allowances are not subtracted.`;
  return `### Prices\n\n${intro}\n\n${table(['unit', 'price', 'source, its date', 'what it rests on'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const alignment = head.map((_, index) => (index > 0 && head.length > 4 ? '--:' : '---'));
  return [line(head), line(alignment), ...rows.map(line)].join('\n');
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

function bold(text: string): string {
  return `**${text}**`;
}

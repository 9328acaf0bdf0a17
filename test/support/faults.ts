/** The JSON body of a DynamoDB request or answer; numbers in it are strings, so parsing and printing lose nothing. */
export type JsonBody = { [name: string]: unknown };

/** A DynamoDB request as the proxy sees it: the operation from `X-Amz-Target`, and the parsed body. */
export type ObservedRequest = { readonly operation: string; readonly body: JsonBody };

/** What can go wrong between a client and DynamoDB. `before` and `after` are relative to the target having answered. */
export type Fault =
  /** The request (`before`, the default) or its answer (`after`) takes this long, in ms; a pair is a range drawn from. */
  | { readonly kind: 'latency'; readonly ms: number | readonly [number, number]; readonly when?: 'before' | 'after' }
  /** The answer's `Date` header is this many ms ahead (negative: behind) of the proxy's clock. */
  | { readonly kind: 'clockSkew'; readonly ms: number }
  /** Another transaction holds some items (default: one, drawn): refused without being forwarded. */
  | { readonly kind: 'conflict'; readonly items?: readonly number[]; readonly reason?: CancellationReason }
  /** Refused for load, without being forwarded. */
  | { readonly kind: 'throttle'; readonly type?: ThrottleType }
  /** 500 InternalServerError, before the target heard of the request or after it applied it. */
  | { readonly kind: 'serverError'; readonly when: 'before' | 'after' }
  /** The target answers, and the connection breaks before the client hears of it. */
  | { readonly kind: 'dropAnswer' }
  /** The connection breaks and the target never hears of the request. */
  | { readonly kind: 'cut' }
  /** No answer ever comes, although the connection stays open. */
  | { readonly kind: 'hang'; readonly when: 'before' | 'after' }
  /** BatchGetItem answers this many keys (default: half of them) as unprocessed; at least one is always processed. */
  | { readonly kind: 'unprocessedKeys'; readonly keys?: number };

export type FaultKind = Fault['kind'];
export type ThrottleType = 'ProvisionedThroughputExceededException' | 'ThrottlingException' | 'RequestLimitExceeded';
export type CancellationReason = 'TransactionConflict' | 'ProvisionedThroughputExceeded' | 'ThrottlingError';

/** An error answer as DynamoDB sends it. */
export type ErrorAnswer = { readonly status: number; readonly body: JsonBody };

const ERROR_NAMESPACE = 'com.amazonaws.dynamodb.v20120810#';
const SINGLE_ITEM_WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);
const TRANSACTIONS: ReadonlySet<string> = new Set(['TransactWriteItems', 'TransactGetItems']);

/** Errors of the service's front door carry another namespace than errors of DynamoDB's own model. */
const THROTTLE_TYPES: Record<ThrottleType, string> = {
  ProvisionedThroughputExceededException: `${ERROR_NAMESPACE}ProvisionedThroughputExceededException`,
  ThrottlingException: 'com.amazon.coral.availability#ThrottlingException',
  RequestLimitExceeded: `${ERROR_NAMESPACE}RequestLimitExceeded`,
};

const CANCELLATION_MESSAGES: Record<CancellationReason, string> = {
  TransactionConflict: 'Transaction is ongoing for the item',
  ProvisionedThroughputExceeded: 'The level of configured provisioned throughput for the table was exceeded.',
  ThrottlingError: 'Throughput exceeds the current capacity of your table or index.',
};

/** Whether DynamoDB could fail this request in this way at all; a rule whose fault cannot apply lets the request pass. */
export function applies(fault: Fault, request: ObservedRequest): boolean {
  switch (fault.kind) {
    case 'conflict':
      return TRANSACTIONS.has(request.operation) || SINGLE_ITEM_WRITES.has(request.operation);
    case 'unprocessedKeys':
      return request.operation === 'BatchGetItem' && countKeys(request.body) >= 2;
    default:
      return true;
  }
}

export function internalServerError(): ErrorAnswer {
  return {
    status: 500,
    body: { __type: `${ERROR_NAMESPACE}InternalServerError`, message: 'The request processing has failed.' },
  };
}

export function throttled(type: ThrottleType = 'ProvisionedThroughputExceededException'): ErrorAnswer {
  return {
    status: 400,
    body: { __type: THROTTLE_TYPES[type], message: 'Rate of requests exceeds the allowed throughput.' },
  };
}

/**
 * The refusal of a request that met another transaction: one reason for each item, in order, `None` for those not concerned.
 * A single-item write has an exception of its own.
 */
export function conflicted(
  request: ObservedRequest,
  fault: Extract<Fault, { kind: 'conflict' }>,
  draw: () => number,
): ErrorAnswer {
  const code = fault.reason ?? 'TransactionConflict';
  if (SINGLE_ITEM_WRITES.has(request.operation)) {
    const type = `${ERROR_NAMESPACE}TransactionConflictException`;
    return { status: 400, body: { __type: type, message: CANCELLATION_MESSAGES[code] } };
  }
  const items = (request.body.TransactItems ?? []) as readonly unknown[];
  const concerned = new Set(fault.items ?? [Math.floor(draw() * items.length)]);
  const reasons = items.map((_, index) =>
    concerned.has(index) ? { Code: code, Message: CANCELLATION_MESSAGES[code] } : { Code: 'None' },
  );
  const codes = reasons.map((reason) => reason.Code).join(', ');
  return {
    status: 400,
    body: {
      __type: `${ERROR_NAMESPACE}TransactionCanceledException`,
      CancellationReasons: reasons,
      Message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    },
  };
}

type KeysOfTable = { readonly Keys: readonly unknown[] };
type RequestItems = { readonly [table: string]: KeysOfTable };

/** Splits a BatchGetItem in the part to forward and the part to answer as `UnprocessedKeys`, from the end of its keys. */
export function splitBatch(body: JsonBody, keys?: number): { forwarded: JsonBody; unprocessed: RequestItems } {
  const requested = body.RequestItems as RequestItems;
  const total = countKeys(body);
  let passing = total - Math.min(total - 1, Math.max(1, keys ?? Math.ceil(total / 2)));
  const forwarded: { [table: string]: KeysOfTable } = {};
  const unprocessed: { [table: string]: KeysOfTable } = {};
  for (const [table, part] of Object.entries(requested)) {
    const taken = part.Keys.slice(0, passing);
    const left = part.Keys.slice(taken.length);
    passing -= taken.length;
    if (taken.length > 0) forwarded[table] = { ...part, Keys: taken };
    if (left.length > 0) unprocessed[table] = { ...part, Keys: left };
  }
  return { forwarded: { ...body, RequestItems: forwarded }, unprocessed };
}

function countKeys(body: JsonBody): number {
  const tables = Object.values((body.RequestItems ?? {}) as RequestItems);
  return tables.reduce((sum, table) => sum + table.Keys.length, 0);
}

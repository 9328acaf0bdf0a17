import {
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { InvariantViolation } from '../../ledger/index.ts';
import type { Row } from '../items/items.ts';

/** Why one action of a cancelled write failed; `none` when it would have passed. */
export interface ActionFailure {
  readonly kind: 'none' | 'condition' | 'conflict' | 'throttled' | 'invalid';
  /** The item as it was, with a failed condition; undefined when there was none. */
  readonly item?: Row | undefined;
  readonly message?: string | undefined;
}

/**
 * What went wrong between us and DynamoDB, told apart by what is known of the effect:
 *
 * - `cancelled`: a `TransactWriteItems` had no effect; each action says why
 * - `condition`: a single write had no effect, since its condition failed
 * - `busy`: no effect; throttled or in conflict, worth another try after a pause
 * - `unreachable`: no effect; no connection came about, so nothing was sent
 * - `unknown`: a write may have had its effect, now or shortly; a read simply failed
 * - `fatal`: no effect, and another try would not change that (permissions, a missing table, a request we built wrongly)
 */
export type Fault =
  | { readonly kind: 'cancelled'; readonly failures: readonly ActionFailure[] }
  | { readonly kind: 'condition'; readonly item: Row | undefined }
  | { readonly kind: 'busy' | 'unreachable' | 'unknown' | 'fatal'; readonly cause: unknown };

/** Throttling and conflicts. */
export const busyErrors = new Set([
  'TransactionConflictException',
  'TransactionInProgressException',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'LimitExceededException',
]);

/** Codes of connections that did not come about. */
export const unreachableErrors = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Tells what an error of the SDK says about the effect of the call; whatever is not recognised is `unknown`. */
export function faultOf(error: unknown): Fault {
  if (error instanceof TransactionCanceledException) {
    return { kind: 'cancelled', failures: (error.CancellationReasons ?? []).map(actionFailure) };
  }
  if (error instanceof ConditionalCheckFailedException) return { kind: 'condition', item: rowOf(error.Item) };
  const { name, code, $fault, $metadata } = error as {
    name?: string;
    code?: string;
    $fault?: string;
    $metadata?: { httpStatusCode?: number };
  };
  if (isBug(error)) return { kind: 'fatal', cause: error };
  if (busyErrors.has(name ?? '')) return { kind: 'busy', cause: error };
  if (unreachableErrors.has(code ?? '')) return { kind: 'unreachable', cause: error };
  const status = $metadata?.httpStatusCode ?? 0;
  if (status >= 400 && status < 500) return { kind: 'fatal', cause: error };
  // Without an answer the SDK fails before anything is sent only for want of credentials or a region.
  if (name === 'CredentialsProviderError' || ($fault === 'client' && status === 0))
    return { kind: 'fatal', cause: error };
  return { kind: 'unknown', cause: error };
}

/** Refusals of DynamoDB for what a request says, whoever makes it. */
export const requestErrors = new Set(['ValidationException', 'ItemCollectionSizeLimitExceededException']);

/**
 * Whether an error is of the very command that met it: damaged data that it needs, a request that DynamoDB finds wrong, or
 * a bug it runs into. Everything else (throttling, outages, time-outs, permissions, missing tables) would meet any command.
 */
export function isOwnFault(error: unknown): error is Error {
  return error instanceof InvariantViolation || isBug(error) || requestErrors.has((error as Error).name);
}

/** Errors that nothing outside can cause. */
function isBug(error: unknown): error is Error {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}

function actionFailure(reason: CancellationReason): ActionFailure {
  const message = reason.Message;
  switch (reason.Code) {
    case undefined:
    case 'None':
      return { kind: 'none' };
    case 'ConditionalCheckFailed':
      return { kind: 'condition', item: rowOf(reason.Item), message };
    case 'TransactionConflict':
      return { kind: 'conflict', message };
    case 'ThrottlingError':
    case 'ProvisionedThroughputExceeded':
    case 'RequestLimitExceeded':
      return { kind: 'throttled', message };
    default:
      return { kind: 'invalid', message: `${reason.Code}: ${message}` };
  }
}

/** The items of errors come as attribute values: the document client does not translate them. */
function rowOf(item: CancellationReason['Item']): Row | undefined {
  return item && Object.keys(item).length > 0 ? unmarshall(item, { wrapNumbers: BigInt }) : undefined;
}

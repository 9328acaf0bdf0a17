import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Clock } from '../dynamodb/table/patience.ts';
import { insistently, type WriteResult } from '../dynamodb/table/single-write.ts';
import { InvariantViolation, type TenantId } from '../ledger/index.ts';
import type { Act, ActContext, ActRecorder, WriteAction } from './act.ts';

/** An act, and who records it. */
export interface Recording {
  readonly recorder: ActRecorder;
  readonly act: Act;
}

/**
 * Writes all actions or none, and with them the record of the act where one is to be made.
 *
 * @throws LedgerError `unavailable`, `outcome_unknown`; with a record also `contention`
 */
export function writeRecorded(
  { client, clock }: { readonly client: DynamoDBDocumentClient; readonly clock: Clock },
  actions: readonly WriteAction[],
  recording: Recording | undefined,
): Promise<WriteResult> {
  const write = (TransactItems: WriteAction[]) =>
    insistently(clock, (requestTimeout) =>
      client.send(new TransactWriteCommand({ TransactItems }), { requestTimeout }),
    );
  if (!recording) return write([...actions]);
  return recording.recorder.recorded(recording.act, (record) => write([...actions, record]));
}

/**
 * The recording of an act, for a store that may have been given no recorder: tools and tests work on tables without one.
 *
 * @throws InvariantViolation where there is a recorder and nobody says who acts
 */
export function recordingOf(
  recorder: ActRecorder | undefined,
  by: ActContext | undefined,
  act: Omit<Act, 'tenant' | keyof ActContext> & { readonly tenant: TenantId },
): Recording | undefined {
  if (!recorder) return undefined;
  if (!by) throw new InvariantViolation(`nobody says who acts: ${act.action}`);
  return { recorder, act: { ...act, ...by } };
}

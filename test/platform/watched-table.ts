import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { Reader } from '../../lib/dynamodb/table/reader.ts';
import type { PlatformTable } from '../../lib/platform/platform-table.ts';

/** What happens around the calls of one process to DynamoDB, numbered from 1. */
export interface CallWatch {
  before?(call: number): Promise<void> | void;
  after?(call: number): Promise<void> | void;
}

/** A client that tells of its calls, whichever of the two tables they go to. */
export function watchedClient(client: DynamoDBDocumentClient, watch: CallWatch): DynamoDBDocumentClient {
  let calls = 0;
  const send = async (...args: Parameters<DynamoDBDocumentClient['send']>) => {
    const call = ++calls;
    await watch.before?.(call);
    const answer = await client.send(...args);
    await watch.after?.(call);
    return answer;
  };
  return new Proxy(client, { get: (target, name, self) => (name === 'send' ? send : Reflect.get(target, name, self)) });
}

/** The table as a process sees it whose calls are watched, and that does not wait between tries. */
export function watchedTable(table: PlatformTable, watch: CallWatch): PlatformTable {
  const clock = { ...table.clock, sleep: () => Promise.resolve() };
  const client = watchedClient(table.client, watch);
  return { name: table.name, client, clock, reader: new Reader(client, table.name, clock) };
}

/** A process died: from then on none of its calls has an effect, and it hears of none. */
export class Died extends Error {
  override readonly name = 'Died';
}

/**
 * Runs a piece of work in a process that dies before its first call, then after it, and so on between any two calls,
 * until it gets through; after each death `check` may run it again in a process that lives.
 *
 * @returns the calls that it takes
 */
export async function dieEverywhere(
  work: (watch: CallWatch) => Promise<unknown>,
  check: (crash: string) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at++) {
    for (const when of ['before', 'after'] as const) {
      let isDead = false;
      let calls = 0;
      const die = (moment: 'before' | 'after', call: number) => {
        calls = Math.max(calls, call);
        if (call === at && moment === when) isDead = true;
        if (isDead) throw new Died(`${when} call ${at}`);
      };
      const watch: CallWatch = { before: (call) => die('before', call), after: (call) => die('after', call) };
      const outcome = await work(watch).then(
        () => 'through',
        () => 'died',
      );
      if (!isDead) return calls;
      if (outcome === 'through') throw new Error(`the death ${when} call ${at} went unnoticed`);
      await check(`${when} call ${at}`);
    }
  }
}

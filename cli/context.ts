import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Answer } from './api/answer.ts';
import { ApiClient, type Change } from './api/client.ts';
import { Output } from './output/output.ts';
import { type GlobalOptions, readSettings } from './settings/settings.ts';

const defaultTimeoutSeconds = 60;

/** What a command works with. */
export interface Context {
  readonly api: ApiClient;
  readonly output: Output;
  /** How long a command may wait for an answer. */
  readonly timeoutMs: number;
}

/** Makes it from the options that every command takes. @throws Failure (usage, notAllowed) */
export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  const timeoutMs = (options.timeout ?? defaultTimeoutSeconds) * 1_000;
  const api = new ApiClient({ ...readSettings(options, process.env), timeoutMs });
  return { api, output: new Output(options.json === true), timeoutMs };
}

interface NewChange extends Omit<Change, 'key'> {
  readonly key?: string | undefined;
  /** Nothing is written, so its key is of no use to anybody. */
  readonly isDryRun?: boolean;
}

/**
 * Sends a change under the given key, or one that is made and said before anything is sent: whoever loses the answer, or
 * the process, can repeat the command with it.
 */
export async function sendChange(
  { api, output }: Context,
  { key = randomUUID(), isDryRun = false, ...change }: NewChange,
): Promise<Answer> {
  if (!isDryRun) output.remark(`Idempotency-Key: ${key}`);
  const answer = await api.change({ ...change, key });
  if (answer.isReplay) output.remark('This was done before; it is the answer given then.');
  return answer;
}

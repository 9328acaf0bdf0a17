import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from './config-file.ts';

const defaultPort = 3_000;

const owner = z.object({ port: z.int().positive().nullable() });

/** Where a runtime that `npm start` has started in this folder answers, and the development key it has made. */
export function localRuntime(environment: NodeJS.ProcessEnv): { readonly url: string; readonly apiKey?: string } {
  const folder = environment.FLORIN_DATA || '.florin';
  const key = readIfThere(join(folder, 'api-key'))?.trim();
  const url = `http://localhost:${portOf(readIfThere(join(folder, 'owner.json')))}`;
  return { url, ...(key && { apiKey: key }) };
}

function portOf(text: string | undefined): number {
  try {
    return owner.parse(JSON.parse(text ?? '')).port ?? defaultPort;
  } catch {
    // Nothing runs, or it is just starting or stopping: the usual port is as good a guess as any, and a wrong one is noticed.
    return defaultPort;
  }
}

/** Whether a URL is on this machine: only there a development key is sent. */
export function isLocal(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { usageFailure } from '../failure.ts';

const profile = z
  .strictObject({ url: z.string(), apiKey: z.string().optional(), apiKeyFile: z.string().optional() })
  .refine(
    ({ apiKey, apiKeyFile }) => apiKey === undefined || apiKeyFile === undefined,
    'apiKey or apiKeyFile, not both',
  );

const config = z.strictObject({
  /** The profile that is used where none is named. */
  profile: z.string().optional(),
  profiles: z.record(z.string(), profile),
});

/** A named address with its key. */
export interface Profile {
  readonly url: string;
  readonly apiKey?: string;
}

/** Where the file lies: `florin/config.json` below `$XDG_CONFIG_HOME`, which is `~/.config` by default. Source: XDG Base Directory Specification. */
export function configFileOf(environment: NodeJS.ProcessEnv): string {
  return join(environment.XDG_CONFIG_HOME || join(homedir(), '.config'), 'florin', 'config.json');
}

/**
 * Reads a profile, or undefined where none is named and there is no default one.
 * @throws Failure (usage) when the file cannot be read or is not valid, or has no profile of the name
 */
export function readProfile(file: string, name: string | undefined): Profile | undefined {
  const text = readIfThere(file);
  if (text === undefined) {
    if (name !== undefined) throw usageFailure(`There is no profile ${name}: ${file} does not exist.`);
    return undefined;
  }
  const { profile: defaultName = 'default', profiles } = parse(file, text);
  const found = profiles[name ?? defaultName];
  if (!found) {
    if (name === undefined && defaultName === 'default') return undefined;
    throw usageFailure(
      `${file} has no profile ${name ?? defaultName}, only ${Object.keys(profiles).join(', ') || 'none'}.`,
    );
  }
  const { url, apiKey, apiKeyFile } = found;
  const key = apiKeyFile === undefined ? apiKey : readKeyFile(resolve(dirname(file), apiKeyFile));
  return { url, ...(key !== undefined && { apiKey: key }) };
}

function parse(file: string, text: string): z.output<typeof config> {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's message would quote the text, which may hold a key.
    throw usageFailure(`${file} is not JSON.`);
  }
  const parsed = config.safeParse(content);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  throw usageFailure(`${file} is not valid. ${faults.join('; ')}`);
}

function readKeyFile(file: string): string {
  const text = readIfThere(file);
  if (text === undefined) throw usageFailure(`The key file ${file} does not exist.`);
  return text.trim();
}

/** @throws Failure (usage) when there is a file that cannot be read */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw usageFailure(`${file} cannot be read: ${message}`);
  }
}

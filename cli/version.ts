import { readFileSync } from 'node:fs';

/** The release that the command line is of. */
export const version: string = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;

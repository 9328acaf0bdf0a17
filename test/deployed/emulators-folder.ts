import path from 'node:path';

/** Where emulators are installed and log: not under version control, and kept from one run to the next. */
export const emulatorsFolder = path.resolve(import.meta.dirname, '../../.florin/emulators');

export type { Caller } from './caller.ts';
export { presentedKey } from './credentials.ts';
export { type Authenticator, staticKey } from './static-key.ts';

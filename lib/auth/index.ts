export { type Access, accessOfEnvironment } from './access.ts';
export type { Actor } from './actor.ts';
export { type Authenticator, firstOf } from './authenticator.ts';
export { type Caller, type Credentials, callerOf, defaultRatePolicy, type RatePolicy, type Reach } from './caller.ts';
export { type Allowance, type RateLimiter, unlimited } from './rate-limiter.ts';
export { isScope, ownerScopes, type Role, roleNames, roles, type Scope, scopeNames, scopes } from './scopes.ts';
export { staticKey } from './static-key.ts';
export { parseTokenIssuers, type TokenIssuer } from './token-issuers.ts';
export { type TokenOptions, tokens } from './tokens.ts';

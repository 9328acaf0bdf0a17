export { type Access, accessOfEnvironment } from './access.ts';
export type { Actor } from './actor.ts';
export { type Authenticator, firstOf } from './authenticator.ts';
export { type Caller, type Credentials, callerOf, defaultRatePolicy, type RatePolicy, type Reach } from './caller.ts';
export { presentedCredential } from './credentials.ts';
export { type Allowance, type RateLimiter, unlimited } from './rate-limiter.ts';
export { isRole, isScope, ownerScopes, type Role, roleNames, roles, type Scope, scopeNames, scopes } from './scopes.ts';
export { deploymentClient, staticKey } from './static-key.ts';

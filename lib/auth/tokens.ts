import { JOSEError, JWTClaimValidationFailed } from 'jose/errors';
import { decodeJwt } from 'jose/jwt/decode';
import { jwtVerify } from 'jose/jwt/verify';
import { LedgerError } from '../ledger/index.ts';
import type { Authenticator } from './authenticator.ts';
import { callerOf } from './caller.ts';
import type { Claims } from './claims.ts';
import { IssuerKeys } from './issuer-keys.ts';
import type { OutageTelling } from './outage.ts';
import { credentialsOf } from './token-credentials.ts';
import { looksLikeToken } from './token-form.ts';
import type { TokenIssuer } from './token-issuers.ts';
import { tokenClockToleranceSeconds } from './token-limits.ts';

export interface TokenOptions extends OutageTelling {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Knows the tokens of the configured issuers: signed JWTs (RFC 7519), with an algorithm that its issuer is allowed, a key that it has
 * published, for us, at their time. Nothing of a token is believed before that, but which issuer is to be asked.
 *
 * What is no token costs nothing here, and what one issuer does or fails to do has no effect on the tokens of another. Why a token of a known
 * issuer is refused stands in the log, and nowhere else; nothing of the token does.
 */
export function tokens(issuers: readonly TokenIssuer[], { now = Date.now, ...telling }: TokenOptions): Authenticator {
  const { logger } = telling;
  const known = new Map(
    issuers.map((issuer) => [issuer.issuer, { issuer, keys: new IssuerKeys(issuer, telling, now) }] as const),
  );
  return async (credential) => {
    if (known.size === 0 || !looksLikeToken(credential)) return undefined;
    const claimed = known.get(claimedIssuer(credential) ?? '');
    if (!claimed) return undefined;
    const { issuer, keys } = claimed;
    const refuse = (reason: string): undefined => {
      logger.info('a token was refused', { issuer: issuer.name, reason });
    };
    const claims = await verifiedClaims(credential, issuer, keys, now(), refuse);
    if (!claims) return undefined;
    const credentials = credentialsOf(claims, issuer, now());
    return typeof credentials === 'string' ? refuse(credentials) : callerOf(credentials);
  };
}

/** Whom the token says it is from, which is not yet known to be true. */
function claimedIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof JOSEError) return undefined;
    throw error;
  }
}

async function verifiedClaims(
  token: string,
  { issuer, audience, algorithms }: TokenIssuer,
  { find }: IssuerKeys,
  nowMs: number,
  refuse: (reason: string) => undefined,
): Promise<Claims | undefined> {
  try {
    const { payload } = await jwtVerify(token, find, {
      algorithms,
      issuer,
      ...(audience.claim === 'aud' && { audience: [...audience.values] }),
      requiredClaims: ['exp'],
      clockTolerance: tokenClockToleranceSeconds,
      currentDate: new Date(nowMs),
    });
    return payload;
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    if (error instanceof JWTClaimValidationFailed) return refuse(`${error.claim}: ${error.reason}`);
    if (error instanceof JOSEError) return refuse(error.code);
    // What is left is the key: one that is too short, or no key at all. Its issuer has published it, so no request can be blamed.
    return refuse(`the key: ${(error as Error).message}`);
  }
}

/** What a token claims, read only once it is verified. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * A claim by its name, or where there is no such name by its path: `realm_access.roles` is the member `roles` of the claim `realm_access`.
 * A name with dots in it, such as that of a URL, is therefore found whole first. Only what the token itself has is found, nothing that
 * every object has.
 */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  return name.split('.').reduce(memberOf, claims as unknown);
}

function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, name) ? (value as Claims)[name] : undefined;
}

/** The texts of a claim that is a text or a list of texts; none where it is absent, and undefined where it is anything else. */
export function textsOf(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return [];
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) && claim.every((each) => typeof each === 'string') ? claim : undefined;
}

/** The same, where a text is a list with spaces in between, as scopes are. Source: RFC 8693, section 4.2. */
export function spacedTextsOf(claim: unknown): readonly string[] | undefined {
  return typeof claim === 'string' ? claim.split(' ').filter(Boolean) : textsOf(claim);
}

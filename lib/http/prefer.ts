/** The preference by which a client asks that a request be processed in the background. Source: RFC 7240, section 4.1. */
export const respondAsync = 'respond-async';

/**
 * Whether a `Prefer` header has a preference. Names are compared without regard to case; parameters and values of
 * preferences, and preferences that nobody knows, are ignored. Source: RFC 7240, section 2.
 */
export function prefers(header: string | undefined, preference: string): boolean {
  if (header === undefined) return false;
  // A quoted value may contain anything, so it is taken away before the list is cut into its parts.
  const parts = header.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').split(',');
  return parts.some((part) => part.split(/[;=]/, 1)[0]?.trim().toLowerCase() === preference);
}

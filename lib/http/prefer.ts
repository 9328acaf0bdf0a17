/** The preference by which a client asks that a request be processed in the background. Source: RFC 7240, section 4.1. */
export const respondAsync = 'respond-async';

/** A quoted text, which may contain anything; one that is never closed reaches to the end. */
const quotedText = /"(?:[^"\\]|\\.)*\\?(?:"|$)/gs;

/**
 * Whether `Prefer` headers have a preference. Names are compared without regard to case; parameters and values of
 * preferences, and preferences that nobody knows, are ignored. Source: RFC 7240, section 2.
 */
export function prefers(values: readonly string[], preference: string): boolean {
  // Quoted texts are taken away before the list is cut into its parts. Something has to stay of one, or it would glue its neighbours.
  const parts = values.flatMap((value) => value.replaceAll(quotedText, '""').split(','));
  return parts.some((part) => part.split(/[;=]/, 1)[0]?.trim().toLowerCase() === preference);
}

interface PreferringEvent {
  readonly headers: { readonly [name: string]: string | undefined };
  readonly multiValueHeaders?: { readonly [name: string]: string[] | undefined } | null;
}

/** The `Prefer` headers of an event with lower-case names. A client may send several, of which `headers` has the last only. */
export function preferHeaders({ headers, multiValueHeaders }: PreferringEvent): readonly string[] {
  return multiValueHeaders?.prefer ?? (headers.prefer === undefined ? [] : [headers.prefer]);
}

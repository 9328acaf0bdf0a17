/** What an operation answers, before it is put into API Gateway's form. It is plain JSON, so that it can be stored and replayed whole. */
export interface Answer {
  readonly status: number;
  /** The text of the body: rendered once, so that a replay has the same bytes. */
  readonly body: string;
  readonly mediaType: string;
  /** The path of what was created, without stage or base path. */
  readonly location?: string;
  /** The validator for `ETag`. */
  readonly etag?: string;
  readonly replayed?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with a JSON body. */
export function json(status: number, value: unknown, rest: Partial<Answer> = {}): Answer {
  return { status, body: JSON.stringify(value), mediaType: 'application/json', ...rest };
}

/**
 * A weak validator from something that changes with the answer. Weak, because API Gateway may compress the body:
 * the bytes then differ while the meaning does not. Source: RFC 9110, section 8.8.1.
 */
export function weakETag(...parts: readonly (string | number)[]): string {
  return `W/"${parts.join('.')}"`;
}

/** Whether `If-None-Match` names a validator, compared weakly. Source: RFC 9110, section 13.1.2. */
export function matchesETag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  const opaque = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === opaque);
}

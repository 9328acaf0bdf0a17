/** Who did something, and from where: what the audit log keeps. */
export interface Actor {
  /** Of the credentials; not always the tenant that is acted upon. */
  readonly tenant: string;
  readonly client: string;
  readonly subject?: string;
  /** Where the request came from, as API Gateway saw it. */
  readonly address?: string;
  readonly userAgent?: string;
}

import httpSecurityHeaders from '@middy/http-security-headers';
import type { Middleware } from './invocation.ts';

/** Directives of a Content-Security-Policy by name. */
export type ContentPolicy = Readonly<Record<string, string>>;

/** For answers that are read by programs: a browser that shows one may do nothing with it. */
export const apiPolicy: ContentPolicy = { 'default-src': "'none'" };

/**
 * Takes a directive of the middleware's own away. It leaves out what is falsy, except that it writes a bare name for
 * some empty texts, so undefined is needed where its types ask for a text.
 */
const absent = undefined as unknown as string;

/** Puts security headers on every answer. Headers about features no page of ours has are left out: they only cost bytes. */
export function securityHeaders(policy: ContentPolicy): Middleware {
  return httpSecurityHeaders({
    // These need a reporting endpoint, script types or TLS, which not every place the API runs in has.
    contentSecurityPolicy: {
      'report-to': absent,
      'require-trusted-types-for': absent,
      sandbox: absent,
      'upgrade-insecure-requests': absent,
      ...policy,
    },
    crossOriginEmbedderPolicy: false,
    dnsPrefetchControl: false,
    downloadOptions: false,
    originAgentCluster: false,
    permissionsPolicy: false,
    permittedCrossDomainPolicies: false,
    reportTo: false,
    reportingEndpoints: false,
  }) as Middleware;
}

import { documentRoutes } from '../../lib/http/document-routes.ts';
import { type AreaHandler, serveArea } from '../../lib/http/index.ts';
import type { Instruments } from '../../lib/observability/index.ts';
import { DocumentFiles } from './document-files.ts';
import { getDocs } from './get-docs.ts';
import { getDocsFile } from './get-docs-file.ts';
import { getHealth } from './get-health.ts';
import { getOpenApi } from './get-open-api.ts';

/** What the reference page may do: run our own scripts and call our own API, nothing from elsewhere. */
const pagePolicy = {
  'default-src': "'none'",
  'script-src': "'self'",
  // What Swagger UI styles itself, it styles by script, which a policy of styles does not concern.
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
};

/**
 * Makes the handler of the documents area.
 *
 * @param root the folder with `openapi.json` and `docs/`
 */
export function serveDocuments(root: string, instruments: Instruments): AreaHandler {
  const files = new DocumentFiles(root);
  return serveArea(
    documentRoutes,
    {
      getHealth,
      getOpenApi: getOpenApi(files),
      getDocs: getDocs(files),
      getDocsFile: getDocsFile(files),
    },
    // Everything here is public, so there is no access to check.
    { instruments, contentPolicy: pagePolicy },
  );
}

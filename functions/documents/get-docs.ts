import type { Operation } from '../../lib/http/index.ts';
import type { DocumentFiles } from './document-files.ts';

/** The page's links are relative to `/docs`, so `/docs/` is sent there. */
export function getDocs(files: DocumentFiles): Operation<'getDocs'> {
  return ({ fullPath }) => {
    if (!fullPath.endsWith('/')) return files.page();
    return { status: 308, body: '', mediaType: 'text/plain', headers: { Location: fullPath.replace(/\/+$/, '') } };
  };
}

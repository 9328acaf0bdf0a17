import type { Operation } from '../../lib/http/index.ts';
import type { DocumentFiles } from './document-files.ts';

export function getOpenApi(files: DocumentFiles): Operation<'getOpenApi'> {
  return () => files.openApi();
}

import type { Operation } from '../../lib/http/index.ts';
import type { DocumentFiles } from './document-files.ts';

export function getDocsFile(files: DocumentFiles): Operation<'getDocsFile'> {
  return ({ path: { file } }) => files.pageFile(file);
}

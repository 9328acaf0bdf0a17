import { createInstruments } from '../../lib/observability/index.ts';
import { serveDocuments } from './serve-documents.ts';

// The build puts the files beside the bundle.
export const handler = serveDocuments(import.meta.dirname, createInstruments());

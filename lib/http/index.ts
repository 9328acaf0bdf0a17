/** What functions use to serve the API. */
export { type Answer, json, weakETag } from './answer.ts';
export { type AreaHandler, serveArea } from './area.ts';
export type { Operation, OperationRequest, Operations } from './operation.ts';
export { HttpProblem } from './problem.ts';
export { requireScope } from './require-scope.ts';

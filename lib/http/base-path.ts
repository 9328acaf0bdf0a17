interface PathEvent {
  readonly path: string;
  readonly resource: string;
  readonly requestContext: { readonly path?: string };
}

/**
 * What stands before the API's own paths in a URL: the stage (`/dev`), the base path of a custom domain, or nothing.
 * It is what the request's full path has before the part of the resource that has no variables; the last place counts,
 * since a base path may look like a resource but an id holds no slash.
 */
export function basePathOf(event: PathEvent): string {
  const variable = event.resource.indexOf('{');
  const fixed = variable === -1 ? event.resource : event.resource.slice(0, variable);
  const full = fullPathOf(event);
  const at = full.lastIndexOf(fixed);
  return at === -1 ? '' : full.slice(0, at);
}

/** The path of the request as the client wrote it, with stage or base path and without the query. */
export function fullPathOf(event: PathEvent): string {
  return event.requestContext.path ?? event.path;
}

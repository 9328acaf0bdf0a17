import type * as z from 'zod';
import { accountRoutes } from './account-routes.ts';
import { adminRoutes } from './admin-routes.ts';
import { assetRoutes } from './asset-routes.ts';
import { auditRoutes } from './audit-routes.ts';
import { clientRoutes } from './client-routes.ts';
import { documentRoutes } from './document-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { feeRoutes } from './fee-routes.ts';
import { holdRoutes } from './hold-routes.ts';
import { monitorRoutes } from './monitor-routes.ts';
import { privacyRoutes } from './privacy-routes.ts';
import { reportRoutes } from './report-routes.ts';
import type { Route } from './route.ts';
import { transactionRoutes } from './transaction-routes.ts';
import { webhookRoutes } from './webhook-routes.ts';

/**
 * The one list of routes, area by area: it feeds the CDK API, the access check, the OpenAPI document and each function's
 * entry. A function is given the routes of its own area alone, so that its bundle has nothing of the others'.
 */
export const routes = [
  ...assetRoutes,
  ...accountRoutes,
  ...transactionRoutes,
  ...holdRoutes,
  ...feeRoutes,
  ...eventRoutes,
  ...reportRoutes,
  ...monitorRoutes,
  ...adminRoutes,
  ...webhookRoutes,
  ...clientRoutes,
  ...auditRoutes,
  ...privacyRoutes,
  ...documentRoutes,
] as const satisfies readonly Route[];

export type AnyRoute = (typeof routes)[number];
export type OperationId = AnyRoute['operationId'];
export type Area = AnyRoute['area'];
/** The areas with a route that changes something. */
export type MutatingArea = Exclude<AnyRoute, { readonly method: 'GET' }>['area'];
export type RouteOf<Id extends OperationId> = Extract<AnyRoute, { readonly operationId: Id }>;
export type OperationIn<A extends Area> = Extract<AnyRoute, { readonly area: A }>['operationId'];

export type PathOf<Id extends OperationId> = z.output<RouteOf<Id>['params']>;
export type QueryOf<Id extends OperationId> = z.output<RouteOf<Id>['query']>;
export type BodyOf<Id extends OperationId> =
  RouteOf<Id> extends { readonly body: infer Body extends z.ZodType } ? z.output<Body> : undefined;

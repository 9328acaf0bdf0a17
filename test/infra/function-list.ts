import { type Area, areas } from '../../infra/areas.ts';
import type { FunctionNeeds } from '../../infra/function-needs.ts';
import { type Waking, type Worker, type WorkerNeeds, workers } from '../../infra/workers.ts';
import { routes } from '../../lib/http/routes.ts';

export const areaNames = Object.keys(areas) as readonly Area[];
export const workerNames = Object.keys(workers) as readonly Worker[];
export const functionNames: readonly (Area | Worker)[] = [...areaNames, ...workerNames];

export function isWorker(name: Area | Worker): name is Worker {
  return name in workers;
}

/** Whether a function serves requests that show credentials. */
export function checksAccess(name: Area | Worker): boolean {
  return !isWorker(name) && areas[name].checksAccess;
}

/** What a function needs, as its list says. */
export function needsOf(name: Area | Worker): FunctionNeeds {
  return isWorker(name) ? workers[name] : areas[name];
}

/** What wakes a worker; undefined for what serves requests. */
export function wakingOf(name: Area | Worker): Waking | undefined {
  if (!isWorker(name)) return undefined;
  const needs: WorkerNeeds = workers[name];
  return needs.wokenBy;
}

/** Whether a function asks for the feature flags: one that changes something, for a request or by itself. */
export function obeysFlags(name: Area | Worker): boolean {
  if (isWorker(name)) return workers[name].obeysFlags;
  return routes.some(({ area, method }) => area === name && method !== 'GET');
}

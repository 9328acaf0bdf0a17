import { assetAnswer, assetList } from './answers.ts';
import { createAssetBody, nothing } from './requests.ts';
import type { Route } from './route.ts';

/** Assets. */
export const assetRoutes = [
  {
    method: 'POST',
    path: '/v1/assets',
    operationId: 'createAsset',
    area: 'assets',
    scope: 'assets:write',
    tag: 'Assets',
    summary: 'Register an asset',
    params: nothing,
    query: nothing,
    body: createAssetBody,
    answers: { 201: { description: 'Registered.', schema: assetAnswer, headers: ['Idempotent-Replayed'] } },
    problems: ['already_exists', 'in_progress', 'contention', 'outcome_unknown'],
  },
  {
    method: 'GET',
    path: '/v1/assets',
    operationId: 'listAssets',
    area: 'assets',
    scope: 'assets:read',
    tag: 'Assets',
    summary: 'List the assets',
    params: nothing,
    query: nothing,
    answers: { 200: { description: 'All assets, by code.', schema: assetList } },
    problems: [],
  },
] as const satisfies readonly Route[];

import type { AssetCode } from '../../lib/ledger/index.ts';

/** A path of the API with its variable parts encoded. A colon stays as it is, so that account ids can be read in logs. */
export function apiPath(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return String.raw({ raw: strings }, ...parts.map((part) => encodeURIComponent(part).replaceAll('%3A', ':')));
}

/** How an asset is written in a path and in a query. */
export function assetInUrl(asset: AssetCode): string {
  return asset.replace('/', '.');
}

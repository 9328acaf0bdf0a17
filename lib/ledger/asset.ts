declare const assetCode: unique symbol;

/** An asset's code with its scale, such as `USD/2` (cents) or `GOLD_COINS` (scale 0). */
export type AssetCode = string & { readonly [assetCode]: true };

export const assetCodePattern = /^[A-Z][A-Z0-9_]{0,31}(\/[0-9]{1,2})?$/;

/** Something that can be owned in whole minor units. It is registered once per tenant and never changes. */
export interface Asset {
  readonly code: AssetCode;
  /** Decimal places of one major unit: an amount of 1050 at scale 2 is 10.50. */
  readonly scale: number;
  readonly name?: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** Reads an asset code, or returns undefined when it is not of the form `CODE` or `CODE/scale`. */
export function parseAssetCode(text: string): AssetCode | undefined {
  return assetCodePattern.test(text) ? (text as AssetCode) : undefined;
}

/** The scale a code carries; 0 where it names none. */
export function scaleOf(code: AssetCode): number {
  const slash = code.indexOf('/');
  return slash === -1 ? 0 : Number(code.slice(slash + 1));
}

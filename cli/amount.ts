import { type AssetCode, parseAmount, parseAssetCode, scaleOf } from '../lib/ledger/index.ts';
import { usageFailure } from './failure.ts';

const majorPattern = /^(-?)([0-9]+)\.([0-9]+)$/;

/**
 * Reads an amount in minor units. Digits alone are minor units, as in the API; with a decimal point they are major units:
 * `1050` and `10.50` are the same amount of `USD/2`. Nothing is rounded.
 *
 * @throws Failure (usage) for anything else, for more decimals than the asset has, and for more than 30 digits
 */
export function readAmount(text: string, asset: AssetCode): bigint {
  const major = majorPattern.exec(text);
  const amount = parseAmount(major ? minorText(major, asset, text) : text);
  if (amount === undefined) {
    throw usageFailure(
      `${JSON.stringify(text)} is not an amount: digits are minor units (1050), with a decimal point major units (10.50); 30 digits at most`,
    );
  }
  return amount;
}

function minorText([, sign = '', whole = '', decimals = '']: RegExpExecArray, asset: AssetCode, text: string): string {
  const scale = scaleOf(asset);
  if (decimals.length > scale) {
    throw usageFailure(
      `${text} has ${decimals.length} decimals, and ${asset} has ${scale === 0 ? 'none' : scale}. Nothing is rounded.`,
    );
  }
  const digits = (whole + decimals.padEnd(scale, '0')).replace(/^0+(?=[0-9])/, '');
  return sign + digits;
}

/**
 * Writes an amount of minor units in major units, with all decimals of the asset: 1050 of `USD/2` is `10.50`.
 * `readAmount` reads it back as the same amount.
 */
export function majorText(amount: bigint, asset: AssetCode): string {
  const scale = scaleOf(asset);
  if (scale === 0) return amount.toString();
  const digits = (amount < 0n ? -amount : amount).toString().padStart(scale + 1, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/**
 * Reads an asset's code; its slash may be written as a dot, as in a URL.
 * @throws Failure (usage) for what cannot be one
 */
export function readAsset(text: string): AssetCode {
  const asset = parseAssetCode(text.replace('.', '/'));
  if (asset === undefined)
    throw usageFailure(`${JSON.stringify(text)} is not an asset code such as USD/2 or GOLD_COINS`);
  return asset;
}

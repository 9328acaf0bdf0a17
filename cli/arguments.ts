import { InvalidArgumentError } from 'commander';
import { type AccountId, parseAccountId } from '../lib/ledger/index.ts';
import { readAmount, readAsset } from './amount.ts';
import { usageFailure } from './failure.ts';

/** How arguments and options are read. What cannot be right is refused before anything is sent. */

/** @throws Failure (usage) */
export function readAccountId(text: string): AccountId {
  const account = parseAccountId(text);
  if (account === undefined) {
    throw usageFailure(
      `${JSON.stringify(text)} is not an account id: letters, digits, "_" and "-" in parts joined by ":"`,
    );
  }
  return account;
}

/** Reads an id that the service has made, such as `tx_…`. @throws Failure (usage) */
export function readRecordId(text: string): string {
  if (!/^[a-z]+_[a-z2-7]+$/.test(text))
    throw usageFailure(`${JSON.stringify(text)} is not an id as the service makes them`);
  return text;
}

/** Collects `name=value` of an option that may be given several times. */
export function collectPair(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It has the form name=value.');
  const name = text.slice(0, at);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return { ...before, [name]: text.slice(at + 1) };
}

/** Collects the values of an option that may be given several times. */
export function collectText(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

/** Reads a whole number in a range, for an option. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** Floors as the API takes them, from `USD/2=-500.00`. @throws Failure (usage) */
export function readFloors(floors: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(floors).map(([name, amount]) => {
      const asset = readAsset(name);
      return [asset, readAmount(amount, asset).toString()];
    }),
  );
}

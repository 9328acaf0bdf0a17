import { canonicalJson } from '../ledger/index.ts';
import type { Facts } from './act.ts';

/** Of what something was and what it became, the facts that differ; undefined where none does. */
export function changedFacts(
  before: Facts,
  after: Facts,
): { readonly before: Facts; readonly after: Facts } | undefined {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null));
  if (changed.length === 0) return undefined;
  const only = (facts: Facts): Facts => Object.fromEntries(changed.map((name) => [name, facts[name] ?? null]));
  return { before: only(before), after: only(after) };
}

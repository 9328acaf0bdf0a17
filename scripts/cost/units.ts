import type { ProxiedCall } from '../../test/support/fault-proxy.ts';

/** Write units of one item under 1 KB in a transaction. */
const unitsPerTransactedItem = 2;

export function writeUnitsOf(calls: readonly ProxiedCall[]): number {
  return unitsOf(calls, /^(Transact|Put|Update|Delete|BatchWrite)/);
}

export function readUnitsOf(calls: readonly ProxiedCall[]): number {
  return unitsOf(calls, /^(Get|BatchGet|Query)/);
}

function unitsOf(calls: readonly ProxiedCall[], operations: RegExp): number {
  return calls.filter(({ operation }) => operations.test(operation)).reduce((sum, call) => sum + units(call), 0);
}

/** A write that is refused takes its units too. The embedded DynamoDB does not report them, so they follow from its items. */
function units(call: ProxiedCall): number {
  if (call.consumedUnits !== undefined) return call.consumedUnits;
  const { TransactItems } = call.body;
  if (!Array.isArray(TransactItems)) return 1;
  return TransactItems.length * unitsPerTransactedItem;
}

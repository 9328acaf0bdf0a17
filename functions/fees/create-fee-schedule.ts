import type { Ledger } from '../../lib/dynamodb/index.ts';
import { feeRuleTexts, feeScheduleLocation, feeScheduleOf } from '../../lib/http/fee-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';
import type { Once } from '../../lib/idempotency/index.ts';

export function createFeeSchedule(ledger: Ledger, once: Once): Operation<'createFeeSchedule'> {
  return ({ body: { rules, effectiveAt }, caller: { tenant }, by, ...invocation }) =>
    once({
      ...invocation,
      tenant,
      request: { rules: rules.map(feeRuleTexts), effectiveAt: effectiveAt ?? null },
      change: async (keyApplied) => {
        const schedule = await ledger.fees.create({ tenant, rules, effectiveAt, keyApplied, by });
        return json(201, feeScheduleOf(schedule), { location: feeScheduleLocation(schedule.version) });
      },
    });
}

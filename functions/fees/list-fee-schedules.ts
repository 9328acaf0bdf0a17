import * as z from 'zod';
import type { Ledger } from '../../lib/dynamodb/index.ts';
import { decodeCursor, encodeCursor } from '../../lib/http/cursor.ts';
import { feeScheduleOf } from '../../lib/http/fee-representations.ts';
import { json, type Operation } from '../../lib/http/index.ts';

const position = z.int().positive();

export function listFeeSchedules(ledger: Ledger): Operation<'listFeeSchedules'> {
  return async ({ query: { limit, cursor }, caller: { tenant } }) => {
    const binding = { operation: 'listFeeSchedules', tenant };
    const before = cursor === undefined ? undefined : decodeCursor(cursor, binding, position);
    const { schedules, next } = await ledger.fees.list(tenant, limit, before);
    return json(200, {
      data: schedules.map(feeScheduleOf),
      ...(next !== undefined && { nextCursor: encodeCursor(binding, next) }),
    });
  };
}

import type { Area } from '../areas.ts';
import { serviceNameOf } from '../service-name.ts';

const moneyArea: Area = 'transactions';

/** The service whose function posts transactions, as metrics name it. */
export const moneyService = serviceNameOf(moneyArea);

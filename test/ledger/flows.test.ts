import { describe, expect, it } from '@jest/globals';
import { type AccountId, type Flow, flowPosting, flows } from '../../lib/ledger/index.ts';
import { posting, usd } from './state-fixture.ts';

describe('flowPosting', () => {
  it.each([
    [flows.deposit, 'deposit', 'system:external', 'user'],
    [flows.withdrawal, 'withdrawal', 'user', 'system:external'],
    [flows.topUp, 'top_up', 'system:treasury', 'user'],
    [flows.bonus, 'bonus', 'system:treasury', 'user'],
    [flows.spend, 'spend', 'user', 'system:revenue'],
  ] as [Flow, string, string, string][])('of %p', (flow, type, source, destination) => {
    expect(flow.type).toBe(type);
    expect(flowPosting(flow, 'user' as AccountId, usd, 5n)).toEqual(posting(source, destination, 5n));
  });
});

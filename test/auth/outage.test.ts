import { beforeEach, describe, expect, it } from '@jest/globals';
import { Outage, outageToldEveryMs } from '../../lib/auth/outage.ts';
import { recorder } from '../observability/recorder.ts';

const error = new Error('out of reach');

let log: ReturnType<typeof recorder>;
let outage: Outage;
beforeEach(() => {
  log = recorder();
  outage = new Outage(log.instruments);
});
const told = () => log.lines.map(({ level, message }) => `${level} ${message}`);

describe('Outage', () => {
  it('is told when it begins, each minute while it lasts, and when it is over', () => {
    for (let now = 0; now <= 2 * outageToldEveryMs; now += 1_000) outage.note(now, 'gone', { error });
    outage.over('back');
    outage.over('back');
    expect(told()).toEqual(['warn gone', 'warn gone', 'warn gone', 'info back']);
    outage.note(2 * outageToldEveryMs + 1, 'gone', { error });
    expect(told()).toHaveLength(5);
  });

  it('is counted by each line that says it lasts, for an alarm', () => {
    outage.note(1, 'gone', { error, issuer: 'staff' });
    outage.over('back', { issuer: 'staff' });
    expect(log.lines).toMatchObject([
      { fields: { AccessOutages: 1, issuer: 'staff', error } },
      { fields: { issuer: 'staff' } },
    ]);
    expect(log.lines[1]?.fields).not.toHaveProperty('AccessOutages');
  });

  it('is told again where the clock was turned back', () => {
    outage.note(10 * outageToldEveryMs, 'gone', { error });
    outage.note(outageToldEveryMs, 'gone', { error });
    expect(told()).toHaveLength(2);
  });
});

import { describe, expect, it } from '@jest/globals';
import { EnvironmentError, readEnvironment } from '../../lib/config/environment.ts';

const digest = 'a'.repeat(64);

describe('readEnvironment', () => {
  it('reads what is asked for and nothing else', () => {
    const source = { LEDGER_TABLE: 'Ledger', API_KEY_SHA256: digest, IDEMPOTENCY_TABLE: '' };
    expect(readEnvironment(['LEDGER_TABLE', 'API_KEY_SHA256'], source)).toEqual({
      LEDGER_TABLE: 'Ledger',
      API_KEY_SHA256: digest,
    });
  });

  it('names every variable that is missing or malformed, and no value', () => {
    const read = () => readEnvironment(['LEDGER_TABLE', 'API_KEY_SHA256'], { API_KEY_SHA256: 'flk_dev_plain' });
    expect(read).toThrow(EnvironmentError);
    expect(read).toThrow('The environment is incomplete: LEDGER_TABLE is missing, API_KEY_SHA256 is malformed');
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultFlags, forbiddenBy, parseFlags } from '../../lib/config/flags.ts';
import { check } from '../support/property.ts';

describe('parseFlags', () => {
  it.each([
    ['{}', defaultFlags],
    ['{"acceptWrites": false}', { acceptWrites: false, disabledOperations: [] }],
    ['{"disabledOperations": ["createTransfer"]}', { acceptWrites: true, disabledOperations: ['createTransfer'] }],
    [
      '{"acceptWrites": false, "disabledOperations": [], "sayHello": {"to": "all"}}',
      { acceptWrites: false, disabledOperations: [] },
    ],
  ])('reads %s, whatever it has too little or too much', (text, expected) => {
    expect(parseFlags(text)).toEqual(expected);
  });

  it.each([
    '',
    'false',
    'null',
    '[]',
    '{"acceptWrites": false',
    '{"acceptWrites": "false"}',
    '{"acceptWrites": null}',
    '{"acceptWrites": 0}',
    '{"disabledOperations": "createTransfer"}',
    '{"disabledOperations": [1]}',
    '{"acceptWrites": false, "disabledOperations": null}',
  ])('takes nothing from %s', (text) => {
    expect(() => parseFlags(text)).toThrow();
  });
});

describe('forbiddenBy', () => {
  it('names the flag that forbids an operation, if and only if one does', () => {
    const operation = fc.constantFrom('createTransfer', 'createAsset', 'updateAccount');
    const flags = fc.record({ acceptWrites: fc.boolean(), disabledOperations: fc.array(operation) });
    check(
      fc.property(flags, operation, ({ acceptWrites, disabledOperations }, id) => {
        const forbidding = forbiddenBy({ acceptWrites, disabledOperations }, id);
        const expected = acceptWrites
          ? disabledOperations.includes(id)
            ? 'disabledOperations'
            : undefined
          : 'acceptWrites';
        expect(forbidding).toBe(expected);
      }),
    );
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import { defaultFlags, parseFlags } from '../../lib/config/flags.ts';
import { type CloudFormationTemplate, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { functionNames, obeysFlags } from './function-list.ts';
import { functionsIn, synthesise } from './synthesise.ts';

let data: CloudFormationTemplate;
let functions: CloudFormationTemplate;
beforeAll(async () => {
  const synthesised = await synthesise();
  data = synthesised.data;
  functions = functionsIn(synthesised);
}, 300_000);

describe('FlagsParameter', () => {
  // CloudFormation writes the template's value over the operator's whenever anything here differs from the release before. That
  // would open a ledger that an operator has closed. A failure of this test is a change that must not be released.
  it('is word for word what every earlier release declared', () => {
    expect(resourcesOf(data, 'AWS::SSM::Parameter')).toEqual([
      {
        logicalId: 'FlagsParameterC712B948',
        Type: 'AWS::SSM::Parameter',
        Properties: {
          Name: '/florin/test/flags',
          Description: 'Feature flags. Change the value here, not in the template.',
          Type: 'String',
          Value: '{"acceptWrites":true,"disabledOperations":[]}',
          Tags: { service: 'florin', stage: 'test' },
        },
        Metadata: expect.anything(),
      },
    ]);
  });

  it('says what holds without it, so that a new stage behaves as it does while the parameter cannot be read', () => {
    const [parameter] = resourcesOf(data, 'AWS::SSM::Parameter');
    expect(parameter && parseFlags(String(propertyOf(parameter, 'Value')))).toEqual(defaultFlags);
  });

  it('is named to the functions that change something, without an export that ties the stacks together', () => {
    const named = resourcesOf(functions, 'AWS::Lambda::Function').map((code) => [
      propertyOf(code, 'Environment.Variables.POWERTOOLS_SERVICE_NAME'),
      propertyOf(code, 'Environment.Variables.FLAGS_PARAMETER'),
      propertyOf(code, 'Environment.Variables.FLAGS_WHEN_UNREADABLE'),
    ]);
    const expected = functionNames.map((name) =>
      obeysFlags(name) ? [`florin-${name}`, '/florin/test/flags', 'open'] : [`florin-${name}`, undefined, undefined],
    );
    expect(named.sort()).toEqual(expected.sort());
  });
});

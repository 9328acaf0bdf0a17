import { describe, expect, it } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import { areas } from '../../infra/areas.ts';
import { optionsOf } from '../../infra/options.ts';
import { maxIssuersLength } from '../../lib/auth/token-limits.ts';
import { awsRules } from './aws-rules.ts';
import { type CloudFormationTemplate, propertyOf, resourcesOf } from './cloudformation-template.ts';
import { synthesise } from './synthesise.ts';

const shop = {
  name: 'shop',
  issuer: 'https://shop.example/?realm=1',
  jwksUri: 'https://shop.example/jwks.json',
  audience: { values: ['florin'] },
  tenant: 'shop',
};
const optionOf = (tokenIssuers: unknown) =>
  optionsOf(new App({ context: { tokenIssuers }, analyticsReporting: false })).tokenIssuers;

/** What the functions know, by their names in the stage. */
const known = (template: CloudFormationTemplate) =>
  resourcesOf(template, 'AWS::Lambda::Function')
    .map((resource) => propertyOf(resource, 'Environment.Variables.TOKEN_ISSUERS'))
    .filter((value) => value !== undefined);

const checking = Object.values(areas).filter(({ checksAccess }) => checksAccess).length;

describe('the option tokenIssuers', () => {
  it('is a list, as cdk.json has it, or its text, as the command line has it', () => {
    expect(optionOf(undefined)).toBeUndefined();
    expect(optionOf('[]')).toBe('[]');
    expect(optionOf([shop])).toBe(JSON.stringify([shop]));
    expect(optionOf(JSON.stringify([shop], null, 2))).toBe(JSON.stringify([shop]));
  });

  it.each([
    ['no JSON', '[{', 'not JSON'],
    ['no list', JSON.stringify(shop), 'the whole: '],
    ['no text', 7, ''],
    ['a fault', [{ ...shop, algorithms: ['HS256'] }], '0.algorithms.0: '],
    [
      'another, with subjects of the same names',
      [shop, { ...shop, name: 'b', issuer: 'b' }],
      '1: needs a subjectPrefix',
    ],
    ['too many', [{ ...shop, requiredClaims: { a: 'x'.repeat(maxIssuersLength) } }], 'longer than'],
  ])('is refused where it is %s', (_, given, message) => {
    expect(() => optionOf(given)).toThrow('The context is not valid. tokenIssuers: ');
    expect(() => optionOf(given)).toThrow(message);
  });

  it('is what every function that checks access knows, and fits beside everything else', async () => {
    const empty = JSON.stringify([{ ...shop, requiredClaims: { a: '' } }]).length;
    const largest = [{ ...shop, requiredClaims: { a: 'x'.repeat(maxIssuersLength - empty) } }];
    const { api } = await synthesise({ context: { tokenIssuers: largest } });
    expect(known(api)).toEqual(Array.from({ length: checking }, () => JSON.stringify(largest)));
    expect(JSON.stringify(largest)).toHaveLength(maxIssuersLength);
    expect(api.Parameters).not.toHaveProperty('TokenIssuers');
    expect(awsRules.keepsEnvironmentsSmall(api)).toEqual([]);
  });

  it('is a parameter without it: nobody, by default', async () => {
    const { api } = await synthesise();
    expect(known(api)).toEqual(Array.from({ length: checking }, () => ({ Ref: 'TokenIssuers' })));
    expect(api.Parameters?.TokenIssuers).toMatchObject({ Type: 'String', Default: '[]', MaxLength: maxIssuersLength });
  });
});

import { beforeAll, describe, expect, it } from '@jest/globals';
import { awsRules } from './aws-rules.ts';
import { breaches, sound } from './aws-rules-breaches.ts';
import { type Synthesised, synthesise } from './synthesise.ts';

let synthesised: Synthesised;
let production: Synthesised;
beforeAll(async () => {
  synthesised = await synthesise();
  production = await synthesise({ context: { stage: 'prod' } });
}, 300_000);

const ruleNames = Object.keys(awsRules) as (keyof typeof awsRules)[];

describe.each(ruleNames)('%s', (name) => {
  it('holds in all stacks, and in production', () => {
    expect(awsRules[name](synthesised.data)).toEqual([]);
    expect(awsRules[name](synthesised.watch)).toEqual([]);
    for (const { work, api, watch } of [synthesised, production]) {
      expect(awsRules[name](work, watch)).toEqual([]);
      expect(awsRules[name](api, watch)).toEqual([]);
    }
  });

  it('finds no fault with sound event sources', () => {
    expect(awsRules[name](sound)).toEqual([]);
  });

  it.each(breaches[name])('finds: $finds', ({ template, finds }) => {
    expect(awsRules[name](template)).toContainEqual(expect.stringContaining(finds));
  });
});

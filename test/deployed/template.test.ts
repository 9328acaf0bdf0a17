import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from '@jest/globals';
import { deployedTemplate, stageUnderTest } from './stage.ts';

const { assembly, dataStack, watchStack, workStack, apiStack } = stageUnderTest();

// That the synthesised template is that of prod, less what the emulator lacks, is shown in test/infra/omissions.test.ts.
it.each([dataStack, watchStack, workStack, apiStack])('deploys %s as it was synthesised', async (stack) => {
  const synthesised = JSON.parse(readFileSync(path.join(assembly, `${stack}.template.json`), 'utf8'));
  expect(await deployedTemplate(stack)).toEqual(synthesised);
});

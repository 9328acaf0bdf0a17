import { beforeAll, describe, expect, it } from '@jest/globals';
import { omissions } from '../../infra/omissions.ts';
import { emulators } from '../../infra/stage.ts';
import { type Synthesised, synthesise } from './synthesise.ts';

const stacks = ['data', 'watch', 'work', 'api'] as const;
const codeDeploy = 'AWS::CodeDeploy::DeploymentGroup';

describe.each(emulators)('the template for %s', (emulator) => {
  let prod: Synthesised;
  let less: Synthesised;
  beforeAll(async () => {
    prod = await synthesise({ context: { stage: 'prod' } });
    less = await synthesise({ context: { stage: 'prod', platform: emulator } });
  }, 300_000);

  it('is that of prod, less what is listed with its reason', () => {
    const listed = new Set(omissions[emulator].map(({ type }) => type));
    const omitted = new Set<string>();
    for (const stack of stacks) {
      for (const [id, resource] of Object.entries(prod[stack].Resources)) {
        const kept = less[stack].Resources[id];
        // The update policy of an alias is CodeDeploy's; it goes where that goes.
        const { UpdatePolicy, ...same } = resource;
        if (kept) expect([id, kept]).toEqual([id, listed.has(codeDeploy) ? same : resource]);
        else omitted.add(resource.Type);
      }
      expect(Object.keys(prod[stack].Resources)).toEqual(expect.arrayContaining(Object.keys(less[stack].Resources)));
      expect(less[stack].Outputs).toEqual(prod[stack].Outputs);
    }
    // Also the other way: nothing stays on the list that the template no longer has.
    expect(omitted).toEqual(listed);
  });

  it('has the settings of prod under the name of the emulator too', async () => {
    const own = await synthesise({ context: { stage: emulator } });
    for (const stack of stacks) {
      const types = (templates: Synthesised) => Object.values(templates[stack].Resources).map(({ Type }) => Type);
      expect(types(own).sort()).toEqual(types(less).sort());
    }
  });
});

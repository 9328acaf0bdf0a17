import { createHash } from 'node:crypto';
import * as z from 'zod';

const property = z.object({ name: z.string(), value: z.string() });
const component = z.looseObject({ 'bom-ref': z.string(), name: z.string(), properties: z.array(property).optional() });

/** How npm marks what is for development alone. */
const developmentProperty = 'cdx:npm:package:development';

const document = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  metadata: z.looseObject({ component: z.looseObject({ name: z.string() }) }),
  components: z.array(component),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })),
});

/**
 * Makes of what `npm sbom` writes a document about what is deployed that is the same for the same dependencies: without the time it was made
 * at, in a fixed order, with a serial number that follows from the content, and named after the package and not after the folder it lies in.
 * What is for development alone is left out here: told to do so, npm leaves out what production and development share, too.
 *
 * @param output of `npm sbom --sbom-format cyclonedx`, with everything
 * @param name of the package
 */
export function deterministicBill(output: string, name: string): string {
  const { serialNumber: _, metadata, components, dependencies, ...rest } = document.parse(JSON.parse(output));
  const { timestamp: _time, component: own, ...described } = metadata;
  const deployed = components.filter(({ properties }) => !properties?.some(isForDevelopment));
  const refs = new Set(deployed.map((each) => each['bom-ref']));
  const root = (own as { readonly 'bom-ref'?: string })['bom-ref'];
  const bill = {
    ...rest,
    metadata: { ...described, component: { ...own, name } },
    components: deployed.toSorted((one, other) => order(one['bom-ref'], other['bom-ref'])),
    dependencies: dependencies
      .filter(({ ref }) => ref === root || refs.has(ref))
      .map(({ dependsOn, ...each }) => ({
        ...each,
        ...(dependsOn && { dependsOn: dependsOn.filter((ref) => refs.has(ref)).toSorted(order) }),
      }))
      .toSorted((one, other) => order(one.ref, other.ref)),
  };
  return `${JSON.stringify({ ...bill, serialNumber: serialNumberOf(JSON.stringify(bill)) }, null, 2)}\n`;
}

function isForDevelopment({ name, value }: z.output<typeof property>): boolean {
  return name === developmentProperty && value === 'true';
}

/** By code unit, so that no locale has a say. */
function order(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** A UUID of the free-form version 8. Source: RFC 9562, section 5.8. */
function serialNumberOf(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(digest.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  const parts = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ];
  return `urn:uuid:${parts.join('-')}`;
}

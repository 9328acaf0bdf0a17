/** What the tests read of a CloudFormation template. */
export interface CloudFormationTemplate {
  readonly Resources: Readonly<Record<string, CloudFormationResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Export?: { readonly Name: unknown } }>>;
  readonly Parameters?: Readonly<Record<string, unknown>>;
}

export interface CloudFormationResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly UpdatePolicy?: unknown;
}

/** A resource with its logical id. */
export type NamedResource = CloudFormationResource & { readonly logicalId: string };

/** The resources of the given types, in the order of the template. */
export function resourcesOf(template: CloudFormationTemplate, ...types: readonly string[]): NamedResource[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => types.includes(resource.Type))
    .map(([logicalId, resource]) => ({ logicalId, ...resource }));
}

/** The property at a dotted path, with array positions as numbers (`Replicas.0.Region`); undefined where there is none. */
export function propertyOf(resource: CloudFormationResource, path: string): unknown {
  let value: unknown = resource.Properties;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** The logical id that a `Ref` or `Fn::GetAtt` names; undefined for any other value. */
export function referenceOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { Ref: ref, 'Fn::GetAtt': attribute } = value as { Ref?: unknown; 'Fn::GetAtt'?: unknown };
  if (typeof ref === 'string') return ref;
  return Array.isArray(attribute) ? String(attribute[0]) : undefined;
}

/** Every logical id that a value refers to, however deep. */
export function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = referenceOf(value);
  return own === undefined ? Object.values(value).flatMap(referencesIn) : [own];
}

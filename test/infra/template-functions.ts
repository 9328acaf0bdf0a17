import {
  type CloudFormationTemplate,
  type NamedResource,
  propertyOf,
  referenceOf,
  resourcesOf,
} from './cloudformation-template.ts';

/** The Lambda functions of a template. */
export function functionsOf(template: CloudFormationTemplate): NamedResource[] {
  return resourcesOf(template, 'AWS::Lambda::Function');
}

/** The function that a logical id stands for, be it its own or its alias's. */
export function functionBehind(
  template: CloudFormationTemplate,
  logicalId: string | undefined,
): NamedResource | undefined {
  const resource = logicalId === undefined ? undefined : template.Resources[logicalId];
  if (logicalId === undefined || resource === undefined) return undefined;
  if (resource.Type === 'AWS::Lambda::Function') return { logicalId, ...resource };
  return resource.Type === 'AWS::Lambda::Alias'
    ? functionBehind(template, referenceOf(propertyOf(resource, 'FunctionName')))
    : undefined;
}

/** The function's time-out, which is 3 s where none is given. */
export function timeoutSeconds(resource: NamedResource): number {
  return Number(propertyOf(resource, 'Timeout') ?? 3);
}

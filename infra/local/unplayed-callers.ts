import { resolve, UnsupportedTemplateError } from './intrinsic-functions.ts';
import type { StackResource, StackScope } from './stack-scope.ts';

/** What can call a function in AWS and is not played here. (Rules are looked at by themselves: a schedule of theirs is played.) Its functions would be there and never run, which is worse than a refusal. */
const callers = new Set([
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGatewayV2::Authorizer',
  'AWS::ApiGatewayV2::Integration',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Url',
  'AWS::Pipes::Pipe',
  'AWS::S3::Bucket',
  'AWS::Scheduler::Schedule',
  'AWS::SNS::Subscription',
  'AWS::StepFunctions::StateMachine',
]);

/** @throws {UnsupportedTemplateError} when a resource that is not played names a function to call. */
export function assertAllCallersPlayed(resources: readonly StackResource[]): void {
  for (const { type, logicalId, properties, stack } of resources) {
    if (callers.has(type) && namesFunction(properties, stack)) {
      throw new UnsupportedTemplateError(
        `${logicalId} would call a function, but the embedded runtime does not play a ${type} that does.`,
      );
    }
  }
}

/** Whether a property refers to a function, its version or its alias. */
export function namesFunction(value: unknown, stack: StackScope): boolean {
  if (Array.isArray(value)) {
    return value.some((item) => namesFunction(item, stack));
  }
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return Object.entries(value).some(([key, item]) => {
    switch (key) {
      case 'Ref':
        return isFunction(item, stack);
      case 'Fn::GetAtt':
        return isFunction(Array.isArray(item) ? item[0] : String(item).split('.', 1)[0], stack);
      case 'Fn::ImportValue':
        return String(resolve(value, stack)).includes(':function:');
      default:
        return namesFunction(item, stack);
    }
  });
}

function isFunction(logicalId: unknown, stack: StackScope): boolean {
  return stack.resources.get(String(logicalId))?.type.startsWith('AWS::Lambda::') ?? false;
}

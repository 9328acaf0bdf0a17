import { UnsupportedTemplateError } from './intrinsic-functions.ts';
import { namesFunction } from './names-function.ts';
import type { StackResource } from './stack-scope.ts';

/** What can call a function in AWS and is not played here. (Rules and event source mappings are looked at by themselves: most of what they do is played.) Its functions would be there and never run, which is worse than a refusal. */
const callers = new Set([
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGatewayV2::Authorizer',
  'AWS::ApiGatewayV2::Integration',
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

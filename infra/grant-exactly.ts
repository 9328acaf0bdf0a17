import { Grant, type GrantOnPrincipalOptions, type IGrantable } from 'aws-cdk-lib/aws-iam';

/**
 * Allows the named actions on one resource. The tables' own grant methods are not used: they add every index, or actions such as
 * `DescribeTable` that no function needs.
 * @throws Error at synthesis if the grantee has no policy to add to, since a silently missing grant would only show in production.
 */
export function grantExactly(
  grantee: IGrantable,
  actions: readonly string[],
  resourceArn: string,
  conditions: NonNullable<GrantOnPrincipalOptions['conditions']> = {},
): void {
  Grant.addToPrincipal({ grantee, actions: [...actions], resourceArns: [resourceArn], conditions }).assertSuccess();
}

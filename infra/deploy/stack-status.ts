import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';

/** Whether the stack was ever deployed in the account and Region that the environment names. */
export async function isDeployed(stackName: string): Promise<boolean> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    // A first creation that failed has to be deleted and gets a new key.
    return Stacks.some(
      ({ StackStatus }) => StackStatus !== 'REVIEW_IN_PROGRESS' && StackStatus !== 'ROLLBACK_COMPLETE',
    );
  } catch (error) {
    if ((error as Error).name === 'ValidationError' && /does not exist/.test((error as Error).message)) return false;
    throw error;
  } finally {
    client.destroy();
  }
}

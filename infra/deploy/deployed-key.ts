import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { outputs } from '../outputs.ts';

/** The digest of the key that the stack was deployed with, in the account and Region of the environment; undefined before its first deployment. */
export async function deployedKeyDigest(stackName: string): Promise<string | undefined> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === outputs.apiKeySha256)?.OutputValue;
  } catch (error) {
    if ((error as Error).name === 'ValidationError' && /does not exist/.test((error as Error).message))
      return undefined;
    throw error;
  } finally {
    client.destroy();
  }
}
